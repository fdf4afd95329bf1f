#include "load/result.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iterator>

namespace porchlight::load {
namespace {

namespace json = boost::json;

// Beyond that the client may be what is measured.
constexpr double busy_share_max = 0.8;

double ms(microseconds t) {
    return static_cast<double>(t.count()) / 1000;
}

json::value summary(const histogram& h) {
    return {{"count", h.count()},
            {"mean", ms(h.mean())},
            {"p50", ms(h.percentile(0.5))},
            {"p90", ms(h.percentile(0.9))},
            {"p99", ms(h.percentile(0.99))},
            {"p999", ms(h.percentile(0.999))},
            {"max", ms(h.max())}};
}

json::value settings_json(const settings& s) {
    return {{"server", s.server},
            {"scenario", name_of(s.scenario)},
            {"topology", name_of(s.topology)},
            {"users", s.users},
            {"publishers", s.publishers},
            {"room_size", s.room_size},
            {"list_size", s.list_size},
            {"rate", s.rate},
            {"pacing", name_of(s.pace)},
            {"duration", s.duration.count()},
            {"settle", s.settle.count()},
            {"within", s.within.count()},
            {"poll_timeout", s.poll_timeout.count()},
            {"connections_per_second", s.connections_per_second},
            {"set_presence", s.set_presence},
            {"prefix", s.prefix}};
}

double each(double sum, std::uint64_t n) {
    return n > 0 ? sum / static_cast<double>(n) : 0;
}

// First syncs are polls, too, but before the changes.
std::uint64_t polls_of_changes(const run_result& r) {
    return r.all[count::polls] - std::min(r.all[count::polls], r.all.first_sync.count());
}

json::value server_json(const run_result& r) {
    const auto& m = *r.server;
    const auto cpu = m.end.cpu_seconds - m.arrived.cpu_seconds;
    const auto grown = m.arrived.resident_bytes > m.set_up.resident_bytes
                           ? m.arrived.resident_bytes - m.set_up.resident_bytes
                           : 0;
    return {{"cpu_seconds_of_setup", m.set_up.cpu_seconds - m.start.cpu_seconds},
            {"cpu_seconds_of_arrival", m.arrived.cpu_seconds - m.set_up.cpu_seconds},
            {"cpu_seconds_of_changes", cpu},
            {"cpu_seconds_per_second", r.changes_seconds > 0 ? cpu / r.changes_seconds : 0},
            {"cpu_us_per_delivery", each(cpu * 1e6, r.all[count::deliveries])},
            {"cpu_us_per_poll", each(cpu * 1e6, polls_of_changes(r))},
            {"resident_bytes_at_start", m.start.resident_bytes},
            {"resident_bytes_set_up", m.set_up.resident_bytes},
            {"resident_bytes_arrived", m.arrived.resident_bytes},
            {"resident_bytes_at_end", m.end.resident_bytes},
            {"resident_bytes_per_arrival", each(static_cast<double>(grown), r.asked.users)}};
}

json::array timeline_json(const measurements& m) {
    json::array out;
    const auto width = std::chrono::duration<double>(m.interval_width).count();
    for (std::size_t i = 0; i < m.timeline.size(); ++i) {
        const auto& d = m.timeline[i].delivery;
        out.push_back({{"second", static_cast<double>(i) * width},
                       {"due", m.timeline[i].due},
                       {"deliveries", d.count()},
                       {"p50", ms(d.percentile(0.5))},
                       {"p99", ms(d.percentile(0.99))},
                       {"max", ms(d.max())}});
    }
    return out;
}

void row(std::string& out, std::string_view what, const std::string& value) {
    fmt::format_to(std::back_inserter(out), "{:<34}{}\n", what, value);
}

void durations(std::string& out, std::string_view what, const histogram& h) {
    if (h.empty()) {
        return;
    }
    fmt::format_to(std::back_inserter(out), "{:<34}{:>9.2f}{:>9.2f}{:>9.2f}{:>9.2f}{:>9.2f}  {}\n",
                   what, ms(h.percentile(0.5)), ms(h.percentile(0.9)), ms(h.percentile(0.99)),
                   ms(h.percentile(0.999)), ms(h.max()), h.count());
}

void changes_rows(std::string& out, const run_result& r) {
    const auto& m = r.all;
    row(out, "changes due",
        fmt::format("{} in {:.1f} s; {} sent more than {} ms late", m[count::changes_due],
                    r.changes_seconds, m.late.late(), lateness::late_after.count() / 1000));
    row(out, "changes acknowledged",
        fmt::format("{}; failed {}, never sent {}", m[count::changes_acknowledged],
                    m[count::changes_failed], m[count::changes_given_up]));
    row(out, "deliveries",
        fmt::format(
            "{} ({:.0f} a second); replaced {}, repeated {}, backwards {}, unexpected {}",
            m[count::deliveries],
            static_cast<double>(m[count::deliveries]) / std::max(r.delivery_seconds(), 1e-9),
            m[count::replaced], m[count::repeated], m[count::backwards], m[count::unexpected]));
    row(out, "polls answered",
        fmt::format("{}; without news {}", m[count::polls], m[count::polls_empty]));
    row(out, "refused",
        fmt::format("{} by rate limits ({} more while setting up), {} otherwise, {} broken",
                    m[count::rate_limited], r.setup_rate_limited, m[count::refused],
                    m[count::broken]));
}

void server_rows(std::string& out, const run_result& r) {
    const auto s = server_json(r);
    const auto number = [&](const char* key) { return s.at(key).to_number<double>(); };
    row(out, "server CPU while changing",
        fmt::format("{:.2f} s, {:.2f} a second; {:.1f} us a delivery, {:.1f} us a poll",
                    number("cpu_seconds_of_changes"), number("cpu_seconds_per_second"),
                    number("cpu_us_per_delivery"), number("cpu_us_per_poll")));
    row(out, "server CPU before",
        fmt::format("{:.2f} s setting up, {:.2f} s while users came",
                    number("cpu_seconds_of_setup"), number("cpu_seconds_of_arrival")));
    constexpr double mb = 1024 * 1024;
    row(out, "server memory, resident",
        fmt::format("{:.1f} MB, set up {:.1f}, users there {:.1f} ({:.0f} B each), end {:.1f}",
                    number("resident_bytes_at_start") / mb, number("resident_bytes_set_up") / mb,
                    number("resident_bytes_arrived") / mb, number("resident_bytes_per_arrival"),
                    number("resident_bytes_at_end") / mb));
}

void verdict(std::string& out, const run_result& r) {
    const auto& m = r.all;
    row(out, "LOST FINAL STATES", std::to_string(m[count::lost]));
    for (const auto& e : m.lost_examples) {
        out += fmt::format("    user {} holds state {} of publisher {}, whose last is {}\n",
                           e.observer, e.held, e.subject, e.last);
    }
    if (!m.first_problem.empty()) {
        out += "first problem: " + m.first_problem + "\n";
    }
    if (m.busy_share > busy_share_max) {
        out += fmt::format(
            "NOTE: the load generator was busy {:.0f} % of its core's time; latencies may be its "
            "own.\n",
            m.busy_share * 100);
    }
    if (r.interrupted) {
        out += "NOTE: interrupted; these are the results so far.\n";
    }
    if (!r.incomplete.empty()) {
        out += "NOTE: incomplete: " + r.incomplete + "\n";
    }
}

}  // namespace

int run_result::exit_status() const {
    if (!incomplete.empty()) {
        return 3;
    }
    return all[count::lost] > 0 ? 1 : 0;
}

double run_result::delivery_seconds() const {
    return std::chrono::duration<double>(std::max(all.last_delivery - all.begin, moment(0)))
        .count();
}

json::value to_json(const run_result& r) {
    const auto& m = r.all;
    json::object counts;
    for (std::size_t i = 0; i < m.counts.size(); ++i) {
        counts[name_of(static_cast<count>(i))] = m.counts[i];
    }
    json::array lost;
    for (const auto& e : m.lost_examples) {
        lost.push_back(
            {{"user", e.observer}, {"publisher", e.subject}, {"held", e.held}, {"last", e.last}});
    }
    const auto seconds = r.delivery_seconds();
    json::object out{{"porchlight_load", PORCHLIGHT_VERSION},
                     {"settings", settings_json(r.asked)},
                     {"processes", r.processes},
                     {"seconds",
                      {{"setup", r.setup_seconds},
                       {"arrival", r.arrival_seconds},
                       {"comeback", r.comeback_seconds},
                       {"changes", r.changes_seconds}}},
                     {"counts", std::move(counts)},
                     {"deliveries_per_second",
                      seconds > 0 ? static_cast<double>(m[count::deliveries]) / seconds : 0},
                     {"changes_late", m.late.late()},
                     {"setup_rate_limited", r.setup_rate_limited},
                     {"milliseconds",
                      {{"delivery", summary(m.delivery)},
                       {"acknowledgement", summary(m.put)},
                       {"lateness", summary(m.late.all())},
                       {"first_sync", summary(m.first_sync)},
                       {"comeback", summary(m.comeback)}}},
                     {"lost_examples", std::move(lost)},
                     {"client",
                      {{"cpu_seconds", m.cpu_seconds},
                       {"cpu_us_per_delivery", each(m.cpu_seconds * 1e6, m[count::deliveries])},
                       {"cpu_us_per_poll", each(m.cpu_seconds * 1e6, polls_of_changes(r))},
                       {"busiest_share_of_a_core", m.busy_share},
                       {"may_be_the_limit", m.busy_share > busy_share_max}}},
                     {"timeline", timeline_json(m)},
                     {"first_problem", m.first_problem},
                     {"interrupted", r.interrupted},
                     {"incomplete", r.incomplete},
                     {"exit_status", r.exit_status()}};
    if (r.server) {
        out["server"] = server_json(r);
    }
    return out;
}

std::string to_table(const run_result& r) {
    const auto& s = r.asked;
    const auto& m = r.all;
    std::string out = fmt::format(
        "{}, {}: {} users, {} of them publish, {} changes a second ({}), {} process{}\n\n",
        name_of(s.scenario), name_of(s.topology), s.users, s.publishers, s.rate, name_of(s.pace),
        r.processes, r.processes == 1 ? "" : "es");
    out += fmt::format("{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}  {}\n", "milliseconds", "p50", "p90", "p99",
                       "p99.9", "max", "count");
    durations(out, "delivery, since the change was due", m.delivery);
    durations(out, "acknowledgement, since then", m.put);
    durations(out, "sent late by", m.late.all());
    durations(out, "first sync, since due", m.first_sync);
    durations(out, "coming back, since due", m.comeback);
    out += "\n";
    row(out, "all users there after", fmt::format("{:.2f} s", r.arrival_seconds));
    if (r.comeback_seconds > 0) {
        row(out, "all users back after", fmt::format("{:.2f} s", r.comeback_seconds));
    }
    changes_rows(out, r);
    row(out, "client CPU",
        fmt::format(
            "{:.2f} s; {:.1f} us a delivery, {:.1f} us a poll; busiest process {:.0f} % of a core",
            m.cpu_seconds, each(m.cpu_seconds * 1e6, m[count::deliveries]),
            each(m.cpu_seconds * 1e6, polls_of_changes(r)), m.busy_share * 100));
    if (r.server) {
        server_rows(out, r);
    }
    verdict(out, r);
    return out;
}

}  // namespace porchlight::load
