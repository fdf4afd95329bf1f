#include "load/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "load/svg.h"

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

run_result example() {
    run_result r;
    r.asked.users = 3;
    r.asked.publishers = 1;
    r.all.begin = 100s;
    r.all[count::changes_due] = 2;
    r.all[count::deliveries] = 3;
    r.all.delivered(100s, 100s + 20ms);
    r.all.delivered(100s, 100s + 40ms);
    r.all.delivered(102500ms, 103s);
    r.changes_seconds = 3;
    return r;
}

boost::property_tree::ptree picture_of(const run_result& r) {
    std::istringstream text(latency_picture(r));
    boost::property_tree::ptree tree;
    boost::property_tree::read_xml(
        text, tree);  // tests/integration/load holds it against a strict parser
    return tree;
}

std::size_t lines_of(const run_result& r) {
    const auto tree = picture_of(r);
    return tree.get_child("svg").count("path");
}

TEST(measurements, a_delivery_belongs_to_the_interval_in_which_its_change_was_due) {
    const auto r = example();
    ASSERT_EQ(r.all.timeline.size(), 3U);
    EXPECT_EQ(r.all.timeline[0].delivery.count(), 2U);
    EXPECT_EQ(r.all.timeline[1].delivery.count(), 0U);
    EXPECT_EQ(r.all.timeline[2].delivery.max(), 500ms);
}

TEST(measurements, of_several_processes_are_one_sum) {
    auto r = example();
    measurements other = example().all;
    other[count::lost] = 1;
    other.lost_examples.push_back({5, 0, 1, 2});
    other.busy_share = 0.5;
    other.problem("it rained");
    r.all.merge(measurements::from_json(other.to_json()));
    EXPECT_EQ(r.all[count::deliveries], 6U);
    EXPECT_EQ(r.all[count::lost], 1U);
    EXPECT_EQ(r.all.delivery.count(), 6U);
    EXPECT_EQ(r.all.timeline[2].delivery.count(), 2U);
    EXPECT_EQ(r.all.busy_share, 0.5);
    EXPECT_EQ(r.all.first_problem, "it rained");
    ASSERT_EQ(r.all.lost_examples.size(), 1U);
    EXPECT_EQ(r.all.lost_examples[0].last, 2U);
}

TEST(result, a_lost_state_is_a_failure_that_is_told) {
    auto r = example();
    EXPECT_EQ(r.exit_status(), 0);
    r.all[count::lost] = 1;
    r.all.lost_examples.push_back({2, 0, 1, 7});
    EXPECT_EQ(r.exit_status(), 1);
    EXPECT_THAT(to_table(r), HasSubstr("user 2 holds state 1 of publisher 0, whose last is 7"));
    r.incomplete = "the server is gone";
    EXPECT_EQ(r.exit_status(), 3);
    EXPECT_THAT(to_table(r), HasSubstr("the server is gone"));
}

TEST(result, json_and_table_tell_the_same) {
    const auto r = example();
    const auto json = to_json(r);
    EXPECT_EQ(json.at("counts").at("deliveries"), 3);
    EXPECT_EQ(json.at("counts").at("lost"), 0);
    EXPECT_EQ(json.at("milliseconds").at("delivery").at("max"), 500.0);
    EXPECT_EQ(json.at("deliveries_per_second"), 1.0);
    EXPECT_EQ(json.at("timeline").as_array().size(), 3U);
    EXPECT_EQ(json.as_object().count("server"), 0U) << "nobody asked for a process";
    EXPECT_THAT(to_table(r), HasSubstr("3 (1 a second)"));
}

TEST(result, a_client_that_has_no_time_says_so) {
    auto r = example();
    EXPECT_THAT(to_table(r), testing::Not(HasSubstr("latencies may be its own")));
    r.all.busy_share = 0.95;
    EXPECT_THAT(to_table(r), HasSubstr("latencies may be its own"));
    EXPECT_EQ(to_json(r).at("client").at("may_be_the_limit"), true);
}

TEST(result, of_a_server_process_what_it_used_is_told_for_each_delivery) {
    auto r = example();
    r.server = run_result::marks{{1, 100}, {2, 1000}, {3, 1600}, {6, 2000}};
    const auto server = to_json(r).at("server");
    EXPECT_EQ(server.at("cpu_seconds_of_changes"), 3.0);
    EXPECT_EQ(server.at("cpu_us_per_delivery"), 1e6);
    EXPECT_EQ(server.at("resident_bytes_per_arrival"), 200.0);
}

TEST(picture, has_three_labelled_lines) {
    const auto text = latency_picture(example());
    EXPECT_EQ(lines_of(example()), 3U);
    EXPECT_THAT(text, HasSubstr("seconds since the first change was due"));
    EXPECT_THAT(text, HasSubstr("100 ms"));
    EXPECT_THAT(text, HasSubstr("prefers-color-scheme: dark"));
}

TEST(picture, of_an_interval_without_deliveries_is_a_gap) {
    // Two points that are not neighbours: two beginnings and no line between them.
    const auto tree = picture_of(example());
    for (const auto& [name, child] : tree.get_child("svg")) {
        if (name == "path") {
            const auto d = child.get<std::string>("<xmlattr>.d");
            EXPECT_EQ(std::count(d.begin(), d.end(), 'M'), 2) << d;
            EXPECT_EQ(std::count(d.begin(), d.end(), 'L'), 0) << d;
        }
    }
}

TEST(picture, of_nothing_says_so) {
    run_result r;
    EXPECT_EQ(lines_of(r), 0U);
    EXPECT_THAT(latency_picture(r), HasSubstr("nothing was delivered"));
}

}  // namespace
}  // namespace porchlight::load
