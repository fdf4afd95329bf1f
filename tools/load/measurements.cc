#include "load/measurements.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace porchlight::load {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, static_cast<std::size_t>(count::last)> count_names{
    "polls",          "polls_empty",      "deliveries",   "replaced",     "repeated",
    "backwards",      "unexpected",       "changes_due",  "changes_sent", "changes_acknowledged",
    "changes_failed", "changes_given_up", "rate_limited", "refused",      "broken",
    "lost",
};
constexpr std::size_t examples_max = 10;

}  // namespace

std::string_view name_of(count c) {
    return count_names[static_cast<std::size_t>(c)];
}

interval& measurements::interval_at(moment when) {
    const auto index = static_cast<std::size_t>(std::max(when - begin, moment(0)) / interval_width);
    if (index >= timeline.size()) {
        timeline.resize(index + 1);
    }
    return timeline[index];
}

void measurements::delivered(moment intended, moment now) {
    delivery.record(now - intended);
    interval_at(intended).delivery.record(now - intended);
    last_delivery = std::max(last_delivery, now);
}

void measurements::problem(std::string_view what) {
    if (first_problem.empty()) {
        first_problem = what;
    }
}

void measurements::merge(const measurements& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] += other.counts[i];
    }
    delivery.merge(other.delivery);
    put.merge(other.put);
    first_sync.merge(other.first_sync);
    comeback.merge(other.comeback);
    late.merge(other.late);
    last_delivery = std::max(last_delivery, other.last_delivery);
    cpu_seconds += other.cpu_seconds;
    busy_share = std::max(busy_share, other.busy_share);
    timeline.resize(std::max(timeline.size(), other.timeline.size()));
    for (std::size_t i = 0; i < other.timeline.size(); ++i) {
        timeline[i].delivery.merge(other.timeline[i].delivery);
        timeline[i].due += other.timeline[i].due;
    }
    for (const auto& example : other.lost_examples) {
        if (lost_examples.size() < examples_max) {
            lost_examples.push_back(example);
        }
    }
    problem(other.first_problem);
}

// The publishers are in the first process: what only they measure is not sent.
json::value measurements::to_json() const {
    json::array intervals, examples;
    for (const auto& i : timeline) {
        intervals.push_back(i.delivery.to_json());
    }
    for (const auto& e : lost_examples) {
        examples.push_back({e.observer, e.subject, e.held, e.last});
    }
    return {{"counts", json::array(counts.begin(), counts.end())},
            {"delivery", delivery.to_json()},
            {"first_sync", first_sync.to_json()},
            {"comeback", comeback.to_json()},
            {"last_delivery", last_delivery.count()},
            {"cpu_seconds", cpu_seconds},
            {"busy_share", busy_share},
            {"timeline", std::move(intervals)},
            {"lost_examples", std::move(examples)},
            {"problem", first_problem}};
}

measurements measurements::from_json(const json::value& v) {
    measurements m(moment(1));
    for (std::size_t i = 0; i < m.counts.size(); ++i) {
        m.counts[i] = v.at("counts").at(i).to_number<std::uint64_t>();
    }
    m.delivery = histogram::from_json(v.at("delivery"));
    m.first_sync = histogram::from_json(v.at("first_sync"));
    m.comeback = histogram::from_json(v.at("comeback"));
    m.last_delivery = moment(v.at("last_delivery").to_number<moment::rep>());
    m.cpu_seconds = v.at("cpu_seconds").to_number<double>();
    m.busy_share = v.at("busy_share").to_number<double>();
    for (const auto& i : v.at("timeline").as_array()) {
        m.timeline.push_back({histogram::from_json(i), 0});
    }
    for (const auto& e : v.at("lost_examples").as_array()) {
        m.lost_examples.push_back(
            {e.at(0).to_number<std::size_t>(), e.at(1).to_number<std::uint32_t>(),
             e.at(2).to_number<std::uint32_t>(), e.at(3).to_number<std::uint32_t>()});
    }
    m.first_problem = v.at("problem").as_string();
    return m;
}

}  // namespace porchlight::load
