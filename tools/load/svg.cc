#include "load/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace porchlight::load {
namespace {

constexpr double width = 960, height = 440;
constexpr double left = 88, right = 24, top = 78, bottom = 58;

constexpr const char* style = R"(<style>
  svg { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --paper: #ffffff;
        --p50: #1a7f37; --p99: #9a6700; --max: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #f0f6fc; --soft: #9198a1; --grid: #3d444d; --paper: #0d1117;
          --p50: #3fb950; --p99: #d29922; --max: #ff7b72; } }
  text { font: 13px system-ui, sans-serif; fill: var(--soft); }
  .title { font-size: 16px; font-weight: 600; fill: var(--ink); }
  .paper { fill: var(--paper); } .grid { stroke: var(--grid); } .axis { stroke: var(--soft); }
  .mark { stroke: var(--soft); stroke-dasharray: 2 4; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  .p50 { stroke: var(--p50); } .p99 { stroke: var(--p99); stroke-dasharray: 7 4; }
  .max { stroke: var(--max); stroke-dasharray: 1 5; }
</style>
)";

double ms(microseconds t) {
    return static_cast<double>(t.count()) / 1000;
}

// Where a second and a latency are in the picture.
struct axes {
    double seconds = 1;                     // of the whole width
    int first_decade = 0, last_decade = 1;  // powers of ten of milliseconds

    double x(double second) const { return left + (width - left - right) * second / seconds; }
    double y(double milliseconds) const {
        const double share = (std::log10(std::max(milliseconds, 1e-3)) - first_decade) /
                             (last_decade - first_decade);
        return height - bottom - (height - top - bottom) * std::clamp(share, 0.0, 1.0);
    }
};

double interval_seconds(const measurements& m) {
    return std::chrono::duration<double>(m.interval_width).count();
}

axes axes_for(const measurements& m) {
    axes a;
    a.seconds = std::max<double>(1, static_cast<double>(m.timeline.size())) * interval_seconds(m);
    if (!m.delivery.empty()) {
        double least = ms(m.delivery.max());
        for (const auto& i : m.timeline) {
            least = i.delivery.empty() ? least : std::min(least, ms(i.delivery.percentile(0.5)));
        }
        a.first_decade = static_cast<int>(std::floor(std::log10(std::max(least, 1e-2))));
        a.last_decade =
            static_cast<int>(std::ceil(std::log10(std::max(ms(m.delivery.max()), 1e-2))));
        a.last_decade = std::max(a.last_decade, a.first_decade + 1);
    }
    return a;
}

// 1, 2 or 5 times a power of ten, so that there are at most ten steps.
double step_for(double whole) {
    double step = std::pow(10, std::floor(std::log10(whole / 10)));
    for (const double factor : {2.0, 2.5, 2.0}) {
        if (whole / step > 10) {
            step *= factor;
        }
    }
    return std::max(step, 1.0);
}

template <class... Values>
void add(std::string& out, fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(out), form, std::forward<Values>(values)...);
}

void draw_axes(std::string& out, const axes& a) {
    for (int decade = a.first_decade; decade <= a.last_decade; ++decade) {
        const double value = std::pow(10, decade), y = a.y(value);
        add(out,
            R"(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)"
            "\n",
            left, width - right, y, y);
        add(out,
            R"(<text x="{}" y="{:.1f}" text-anchor="end">{:g} ms</text>)"
            "\n",
            left - 8, y + 4, value);
    }
    const double step = step_for(a.seconds);
    for (double s = 0; s <= a.seconds + 1e-9; s += step) {
        add(out,
            R"(<line class="axis" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)"
            "\n",
            a.x(s), height - bottom, height - bottom + 5);
        add(out,
            R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:g}</text>)"
            "\n",
            a.x(s), height - bottom + 20, s);
    }
    add(out,
        R"(<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>)"
        "\n",
        left, width - right, height - bottom, height - bottom);
    add(out,
        R"(<text x="{}" y="{}" text-anchor="middle">seconds since the first change was due</text>)"
        "\n",
        left + (width - left - right) / 2, height - 16);
}

// A line with a gap wherever nothing was delivered; a lonely point is drawn, too.
template <class Value>
void draw_line(std::string& out, const char* name, const measurements& m, const axes& a,
               Value value) {
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < m.timeline.size(); ++i) {
        const auto& d = m.timeline[i].delivery;
        if (d.empty()) {
            pen_down = false;
            continue;
        }
        const double x = a.x((static_cast<double>(i) + 0.5) * interval_seconds(m)),
                     y = a.y(ms(value(d)));
        add(path, "{}{:.1f} {:.1f}", pen_down ? "L" : "M", x, y);
        path += pen_down ? "" : "h0.1";
        pen_down = true;
    }
    if (!path.empty()) {
        add(out,
            R"(<path class="line {}" d="{}"/>)"
            "\n",
            name, path);
    }
}

void draw_legend(std::string& out) {
    double x = left;
    for (const auto& [name, text] :
         {std::pair("p50", "half were quicker (p50)"),
          std::pair("p99", "99 of 100 were quicker (p99)"), std::pair("max", "the slowest")}) {
        add(out,
            R"(<line class="line {}" x1="{}" x2="{}" y1="58" y2="58"/>)"
            "\n",
            name, x, x + 32);
        add(out,
            R"(<text x="{}" y="62">{}</text>)"
            "\n",
            x + 40, text);
        x += 290;
    }
}

}  // namespace

std::string latency_picture(const run_result& r) {
    const auto& m = r.all;
    const auto a = axes_for(m);
    std::string out;
    add(out,
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-labelledby="t">)"
        "\n",
        width, height);
    out += style;
    add(out,
        R"(<rect class="paper" width="{}" height="{}"/>)"
        "\n",
        width, height);
    const auto title = fmt::format(
        "From a change being due to an observer having it: {} users, {}, {:g} changes a second",
        r.asked.users, name_of(r.asked.topology), r.asked.rate);
    add(out,
        R"(<text id="t" class="title" x="{}" y="30">{}</text>)"
        "\n",
        left, title);
    draw_legend(out);
    draw_axes(out, a);
    if (r.comeback_seconds > 0) {
        const double x = a.x(static_cast<double>(r.asked.duration.count()) / 2);
        add(out,
            R"(<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)"
            "\n",
            x, top, height - bottom);
        add(out,
            R"(<text x="{:.1f}" y="{}">connections vanish</text>)"
            "\n",
            x + 6, top + 18);
    }
    draw_line(out, "max", m, a, [](const histogram& h) { return h.max(); });
    draw_line(out, "p99", m, a, [](const histogram& h) { return h.percentile(0.99); });
    draw_line(out, "p50", m, a, [](const histogram& h) { return h.percentile(0.5); });
    if (m.delivery.empty()) {
        add(out,
            R"(<text x="{}" y="{}" text-anchor="middle">nothing was delivered</text>)"
            "\n",
            width / 2, height / 2);
    }
    return out + "</svg>\n";
}

}  // namespace porchlight::load
