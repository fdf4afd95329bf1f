#include "person/watch/frame.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "person/text.h"
#include "person/words.h"

namespace porchlight::person {

namespace {

constexpr std::string_view plain = "\x1b[0m", faint = "\x1b[2m", bold = "\x1b[1m",
                           yellow = "\x1b[33m", red = "\x1b[31m";

// Columns of each part; 0: left out. The text has what remains.
struct layout {
    std::size_t name, id, state, activity;
};

struct widths {
    std::size_t name = 4, id = 6, state = 4;
};

// "active 3 min ago", "3 min ago", "3 min"
constexpr std::size_t full_activity = 17, brief_activity = 11, bare_activity = 7;

layout layout_for(std::size_t columns, const widths& wanted) {
    constexpr std::size_t text_min = 16, gap = 2;
    if (columns < 50) {
        return {std::min(wanted.name, std::max<std::size_t>(columns / 2, 4)), 0, 0, bare_activity};
    }
    if (columns < 72) {
        return {std::min(wanted.name, columns / 3), 0, wanted.state, brief_activity};
    }
    const std::size_t name = std::min(wanted.name, columns / 5),
                      id = std::min(wanted.id, columns / 3);
    const std::size_t taken = gap + name + gap + id + gap + wanted.state + gap;
    const bool brief = taken + full_activity + gap + text_min > columns;
    return {name, id, wanted.state, brief ? brief_activity : full_activity};
}

std::string activity_of(const person_shown& p, base::mono_time now, bool active,
                        std::size_t columns) {
    const auto ago = p.ago(now);
    if (columns == full_activity) {
        return activity_words(ago, active);
    }
    const std::string bare = short_activity(ago, active);
    return columns == bare_activity || bare.empty() || bare == "now" ? bare : bare + " ago";
}

std::string painted(std::string_view colour, std::string text, bool colours) {
    return colours ? std::string(colour) + std::move(text) + std::string(plain) : text;
}

std::string_view glyph_of(light l) {
    return l == light::lit ? "●" : l == light::dimmed ? "◐" : "○";
}

std::string_view colour_of(const person_shown& p, light l) {
    return l == light::dark                    ? faint
           : l == light::dimmed                ? "\x1b[2;33m"
           : state_words(p.presence) == "busy" ? red
                                               : yellow;
}

widths wanted_by(const std::vector<const person_shown*>& people) {
    constexpr std::size_t state_max = 13;  // "free for chat"
    widths w;
    for (const person_shown* p : people) {
        w.name = std::max(w.name, width_of(name_of(*p)));
        w.id = std::max(w.id, width_of(cleaned(p->user_id)));
        w.state =
            std::max(w.state, std::min(state_max, width_of(cleaned(state_words(p->presence)))));
    }
    return w;
}

class drawing {
  public:
    drawing(const session& s, base::instant now, screen_size size, bool colours)
        : session_(s), now_(now), size_(size), colours_(colours) {}

    std::vector<std::string> lines() {
        header();
        const auto below = bottom();
        const std::size_t room = size_.rows - std::min(size_.rows, lines_.size() + below.size());
        rows(room);
        while (lines_.size() + below.size() < size_.rows) {
            lines_.emplace_back();
        }
        lines_.insert(lines_.end(), below.begin(), below.end());
        lines_.resize(std::min(lines_.size(), size_.rows));
        return lines_;
    }

  private:
    bool lost() const { return session_.schedule().lost_since().has_value(); }

    void header() {
        const auto& o = session_.options();
        const std::string title = "Porchlight  ";
        std::string line = cleaned(o.user_id) + "  ";
        if (lost()) {
            line = "No connection since " + clock_words(session_.schedule().lost_since()->wall);
            const auto wait =
                std::max(session_.schedule().due() - now_.mono, base::milliseconds{0});
            line += session_.wake_at(now_) && wait.count() > 0
                        ? ", next try in " + std::to_string((wait.count() + 999) / 1000) + " s"
                        : ", trying now";
            lines_.push_back(painted(bold, shortened(line, size_.columns), colours_));
            lines_.push_back(painted(
                faint, shortened(cleaned(session_.schedule().why()), size_.columns), colours_));
            return;
        }
        const person_shown* const me = session_.shown().find(o.user_id);
        if (!session_.has_begun()) {
            line += "connecting…";
        } else {
            line += "you are " + cleaned(state_words(me == nullptr ? "offline" : me->presence));
            line += o.marks ? "" : " (only watching)";
        }
        if (title.size() + width_of(line) <= size_.columns) {
            line = title + line;
        }
        lines_.push_back(painted(bold, shortened(line, size_.columns), colours_));
        lines_.emplace_back();
    }

    // Who asks, and how to end.
    std::vector<std::string> bottom() const {
        constexpr std::size_t shown_max = 3;
        std::vector<std::string> out;
        for (const std::string& id : session_.askers()) {
            if (out.size() == shown_max) {
                out.push_back(painted(
                    bold,
                    shortened("and " + std::to_string(session_.askers().size() - shown_max) +
                                  " more: porchlight list invites",
                              size_.columns),
                    colours_));
                break;
            }
            out.push_back(painted(
                bold,
                shortened(cleaned(id) + " asks to see you: porchlight list accept", size_.columns),
                colours_));
        }
        out.push_back(painted(faint, shortened("q quits", size_.columns), colours_));
        if (out.size() + 3 > size_.rows) {
            out.clear();
        }
        return out;
    }

    void rows(std::size_t room) {
        const auto people = session_.shown().sorted();
        if (people.empty()) {
            if (room > 0 && session_.has_begun()) {
                lines_.push_back(shortened(
                    "Nobody to be seen: share a room with somebody, or porchlight list add",
                    size_.columns));
            }
            return;
        }
        const layout l = layout_for(size_.columns, wanted_by(people));
        const bool gaps = people.size() + 2 <= room;
        std::size_t left = room;
        for (std::size_t i = 0; i < people.size() && left > 0; ++i) {
            if (gaps && i > 0 &&
                light_of(people[i - 1]->presence) != light_of(people[i]->presence)) {
                lines_.emplace_back();
                --left;
            }
            if (left == 1 && i + 1 < people.size()) {
                lines_.push_back(
                    painted(faint,
                            shortened("… and " + std::to_string(people.size() - i) + " more",
                                      size_.columns),
                            colours_));
                return;
            }
            lines_.push_back(row(*people[i], l));
            --left;
        }
    }

    std::string row(const person_shown& p, const layout& l) const {
        const light shown = light_of(p.presence);
        // Without a connection nobody knows who is active now.
        const bool active = p.currently_active && !lost();
        std::string rest = ' ' + fitted(name_of(p), l.name);
        if (l.id > 0) {
            rest += "  " + fitted(cleaned(p.user_id), l.id);
        }
        if (l.state > 0) {
            rest += "  " + fitted(cleaned(state_words(p.presence)), l.state);
        }
        rest += "  " + fitted(activity_of(p, now_.mono, active, l.activity), l.activity);
        if (const std::string text = cleaned(p.text); !text.empty()) {
            rest += "  " + text;
        }
        const std::size_t columns = size_.columns - std::min<std::size_t>(size_.columns, 1);
        rest = shortened(rest, columns);
        rest.erase(rest.find_last_not_of(' ') + 1);
        const std::string glyph(glyph_of(shown));
        if (lost()) {
            return painted(faint, glyph + rest, colours_);
        }
        return painted(colour_of(p, shown), glyph, colours_) +
               (shown == light::dark ? painted(faint, rest, colours_) : rest);
    }

    const session& session_;
    base::instant now_;
    screen_size size_;
    bool colours_;
    std::vector<std::string> lines_;
};

}  // namespace

std::string clock_words(base::wall_time t) {
    const std::time_t seconds = base::unix_ms(t) / 1000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
    return text.data();
}

std::vector<std::string> frame(const session& s, base::instant now, screen_size size,
                               bool colours) {
    return drawing(s, now, size, colours).lines();
}

}  // namespace porchlight::person
