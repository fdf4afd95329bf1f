#include <gmock/gmock.h>

#include "base/limits.h"
#include "unit/federation/discovery_bench.h"

// What is remembered of servers, for how long, and of how many.
namespace porchlight::federation {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace limits = base::limits;

class discovery_memory_test : public discovery_bench {
  protected:
    discovery_memory_test() {
        internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
        internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    }
    std::size_t files_asked() const { return internet.requests.size(); }
    // Passes time up to just before `d`, looks, and then at `d`: whether only the second look
    // asked.
    template <class Count>
    testing::AssertionResult asks_again_after(base::milliseconds d, Count count) {
        const auto before = count();
        pass(d - 1ms);
        find("a.example");
        if (count() != before) {
            return testing::AssertionFailure() << "asked too early";
        }
        pass(1ms);
        find("a.example");
        return count() == before + 1 ? testing::AssertionSuccess()
                                     : testing::AssertionFailure() << "not asked again";
    }
};

TEST_F(discovery_memory_test, a_route_is_known_for_five_minutes) {
    internet.delegate("a.example", "b.example:1");
    find("a.example");
    EXPECT_TRUE(
        asks_again_after(limits::route_keep, [&] { return internet.times_asked("A b.example"); }));
}

TEST_F(discovery_memory_test, what_is_known_is_given_within_the_call) {
    find("a.example");
    bool called = false;
    discovery->find("a.example", [&](found f) { called = f.has_value(); });
    EXPECT_TRUE(called);
}

TEST_F(discovery_memory_test, a_well_known_file_is_known_as_long_as_it_says) {
    internet.pages.insert_or_assign(
        file_of("a.example"),
        ports::client_response{
            200, {{"cache-control", "max-age=7200"}}, R"({"m.server":"b.example"})"});
    find("a.example");
    EXPECT_TRUE(asks_again_after(2h, [&] { return files_asked(); }));
}

TEST_F(discovery_memory_test,
       a_missing_well_known_file_is_asked_for_after_2_4_8_minutes_up_to_an_hour) {
    internet.pages.insert_or_assign(file_of("a.example"), ports::client_response{404, {}, ""});
    find("a.example");
    for (const base::milliseconds d : {2min, 4min, 8min, 16min, 32min, 60min, 60min}) {
        EXPECT_TRUE(asks_again_after(d, [&] { return files_asked(); })) << d.count();
    }
    internet.delegate("a.example", "b.example");
    pass(1h);
    EXPECT_EQ(route("a.example"), "5.0.0.2:8448 host=b.example tls=b.example");
    pass(24h);
    internet.pages.clear();
    find("a.example");
    EXPECT_TRUE(asks_again_after(2min, [&] { return files_asked(); })) << "a success starts anew";
}

TEST_F(discovery_memory_test,
       a_failure_is_known_for_a_minute_and_twice_that_each_time_up_to_an_hour) {
    const auto looks = [&] { return internet.times_asked("A c.example"); };
    const auto pass_and_find = [&](base::milliseconds d) {
        pass(d);
        find("c.example:1");
    };
    find("c.example:1");
    for (const base::milliseconds d : {1min, 2min, 4min, 8min, 16min, 32min, 60min, 60min}) {
        const auto before = looks();
        pass_and_find(d - 1ms);
        EXPECT_EQ(looks(), before) << d.count();
        pass_and_find(1ms);
        EXPECT_EQ(looks(), before + 1) << d.count();
    }
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.3"});
    pass_and_find(60min);
    internet.hosts.erase("c.example");
    pass_and_find(limits::route_keep);
    const auto before = looks();
    pass_and_find(1min);
    EXPECT_EQ(looks(), before + 1) << "a success starts anew";
}

TEST_F(discovery_memory_test, a_place_that_did_not_answer_is_looked_for_again) {
    internet.delegate("a.example", "b.example:1");
    EXPECT_EQ(route("a.example"), "5.0.0.2:1 host=b.example:1 tls=b.example");
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.3"});
    discovery->forget("a.example");
    EXPECT_EQ(route("a.example"), "5.0.0.3:1 host=b.example:1 tls=b.example");
    EXPECT_EQ(files_asked(), 1U) << "the file was asked for just now";

    internet.delegate("a.example", "b.example:2");
    pass(limits::well_known_keep_min);
    discovery->forget("a.example");
    EXPECT_EQ(route("a.example"), "5.0.0.3:2 host=b.example:2 tls=b.example");
    EXPECT_EQ(files_asked(), 2U);
}

TEST_F(discovery_memory_test, forgetting_keeps_the_time_of_failures) {
    find("a.example");
    discovery->forget("a.example");
    find("a.example");
    EXPECT_EQ(files_asked(), 1U) << "two minutes are not over";
    EXPECT_EQ(internet.times_asked("SRV _matrix._tcp.a.example"), 2U);

    find("c.example:1");
    discovery->forget("c.example:1");
    find("c.example:1");
    EXPECT_EQ(internet.times_asked("A c.example"), 1U);
    discovery->forget("never.heard.of.example");
}

TEST_F(discovery_memory_test, forgetting_does_not_shorten_the_time_of_a_missing_well_known_file) {
    find("a.example");
    for (const base::milliseconds d : {2min, 4min}) {
        pass(d);
        find("a.example");
    }
    ASSERT_EQ(files_asked(), 3U);
    pass(8min - 1ms);  // longer than the file's time would be shortened to
    discovery->forget("a.example");
    find("a.example");
    EXPECT_EQ(files_asked(), 3U);
}

TEST_F(discovery_memory_test, those_who_look_for_one_name_at_a_time_share_a_walk) {
    std::vector<std::string> told;
    for (int i = 0; i < 3; ++i) {
        discovery->find("a.example", [&, i](found f) {
            told.push_back(std::to_string(i) + " " + f->host);
            discovery->forget("a.example");  // may be called here
        });
    }
    discovery->find("b.example", [&](found f) { told.push_back("b " + f->host); });
    EXPECT_THAT(told, IsEmpty());
    internet.settle();
    EXPECT_THAT(told, ElementsAre("0 a.example", "1 a.example", "2 a.example", "b b.example"));
    EXPECT_EQ(files_asked(), 2U);
}

TEST_F(discovery_memory_test, one_who_was_told_may_look_again_at_once) {
    std::string told;
    discovery->find("a.example", [&](found) {
        discovery->forget("a.example");
        discovery->find("a.example", [&](found f) { told = f->host; });
    });
    internet.settle();
    EXPECT_EQ(told, "a.example");
}

TEST_F(discovery_memory_test, beyond_500_walks_it_is_busy_and_does_not_remember_that) {
    for (std::size_t i = 0; i < limits::discovery_walks_max; ++i) {
        discovery->find("w" + std::to_string(i) + ".example", [](found) {});
    }
    const auto before = reached("discovery_walks");
    std::string sentence;
    discovery->find("a.example", [&](found f) { sentence = f.error().sentence; });
    EXPECT_THAT(sentence, HasSubstr("busy"));
    EXPECT_EQ(reached("discovery_walks"), before + 1);
    // Who looks for the same as another is no further walk.
    discovery->find("w0.example", [&](found f) { sentence = f.error().sentence; });
    internet.settle();
    EXPECT_EQ(sentence, "w0.example has no address");
    EXPECT_EQ(route("a.example"), "5.0.0.1:8448 host=a.example tls=a.example");
}

TEST_F(discovery_memory_test, a_client_that_is_overloaded_says_nothing_about_the_server) {
    internet.pages.insert_or_assign(
        file_of("a.example"),
        ports::client_failure{ports::client_error::overloaded, "too many requests"});
    EXPECT_EQ(route("a.example"), "this server is busy with other requests");
    internet.delegate("a.example", "b.example:1");
    EXPECT_EQ(route("a.example"), "5.0.0.2:1 host=b.example:1 tls=b.example");
}

TEST_F(discovery_memory_test, of_too_many_names_the_oldest_are_forgotten) {
    const auto before = reached("discovery_names");
    find("a.example:1");
    find("b.example:1");
    pass(limits::route_keep);
    find("a.example:1");  // now b.example:1 is the oldest
    for (std::size_t i = 0; i < limits::discovery_names_max - 1; ++i) {
        find("5.0.0.1:" + std::to_string(i + 1));
    }
    EXPECT_EQ(reached("discovery_names"), before + 1);
    find("a.example:1");
    EXPECT_EQ(internet.times_asked("A a.example"), 2U);
    find("b.example:1");
    EXPECT_EQ(internet.times_asked("A b.example"), 2U);
}

TEST_F(discovery_memory_test, names_are_told_apart_as_they_are_given) {
    find("a.example:1");
    find("A.example:1");
    EXPECT_THAT(internet.asked, ElementsAre("A a.example", "A A.example"));
}

TEST_F(discovery_memory_test, answers_that_come_after_its_end_are_dropped) {
    bool told = false;
    discovery->find("a.example", [&](found) { told = true; });
    discovery->find("b.example:1", [&](found) { told = true; });
    discovery.reset();
    internet.settle();
    EXPECT_FALSE(told);
}

}  // namespace
}  // namespace porchlight::federation
