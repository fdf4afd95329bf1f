#include "person/watch/frame.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <boost/json/serialize.hpp>

#include "person/text.h"

namespace porchlight::person {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

struct somebody {
    std::string id, presence, name, text;
    std::int64_t ago = 180'000;
};

constexpr base::instant start{base::mono_time{1'000'000ms}, base::wall_time{1'700'000'000'000ms}};

session with(const std::vector<somebody>& all) {
    session s({.user_id = "@alice:porch.test",
               .server = "https://porch.test",
               .state = "online",
               .marks = true,
               .idle = 3min,
               .seed = 1},
              start);
    base::instant now = start;
    s.next(now);
    s.answered({"", 200, R"({"versions":[]})"}, now);
    now.mono += 1s;
    s.next(now);
    json::array events;
    for (const somebody& p : all) {
        events.push_back({{"sender", p.id},
                          {"content",
                           {{"presence", p.presence},
                            {"displayname", p.name},
                            {"status_msg", p.text},
                            {"last_active_ago", p.ago}}}});
    }
    s.answered(
        {"", 200,
         json::serialize(json::object{{"next_batch", "1"},
                                      {"presence", json::object{{"events", std::move(events)}}}})},
        start);
    return s;
}

const std::vector<somebody> a_few{{"@alice:porch.test", "online", "", "", 0},
                                  {"@bob:porch.test", "offline", "Bob", "back on Monday"},
                                  {"@carol:porch.test", "unavailable", "Carol", ""},
                                  {"@dan:porch.test", "busy", "漢字", "in a meeting"}};

TEST(Frame, people_are_grouped_by_light_and_sorted_by_name) {
    const auto lines = frame(with(a_few), start, {80, 12}, false);
    EXPECT_THAT(
        lines,
        ElementsAre("Porchlight  @alice:porch.test  you are online", "",  //
                    "● alice  @alice:porch.test  online       active 1 s ago",
                    "● 漢字   @dan:porch.test    busy         active 3 min ago   in a meeting",
                    "",  //
                    "◐ Carol  @carol:porch.test  unavailable  active 3 min ago",
                    "",  //
                    "○ Bob    @bob:porch.test    offline      active 3 min ago   back on Monday",
                    "", "", "", "q quits"));
}

TEST(Frame, a_narrow_screen_leaves_out_what_matters_least) {
    const auto lines = frame(with(a_few), start, {40, 12}, false);
    EXPECT_EQ(lines[3], "● 漢字   3 min    in a meeting");
    EXPECT_THAT(lines[7], HasSubstr("back on Monday"));
    const auto middle = frame(with(a_few), start, {60, 12}, false);
    EXPECT_EQ(middle[3], "● 漢字   busy         3 min ago    in a meeting");
}

TEST(Frame, times_go_on_without_a_request) {
    const session s = with(a_few);
    base::instant later = start;
    later.mono += 61s;
    EXPECT_THAT(frame(s, later, {80, 12}, false)[5], HasSubstr("active 4 min ago"));
}

TEST(Frame, more_people_than_lines_are_counted) {
    std::vector<somebody> many;
    for (int i = 10; i < 40; ++i) {
        many.push_back({"@u" + std::to_string(i) + ":porch.test", "online", "", ""});
    }
    const auto lines = frame(with(many), start, {80, 10}, false);
    ASSERT_EQ(lines.size(), 10U);
    EXPECT_EQ(lines[8], "… and 24 more");
    EXPECT_EQ(lines[9], "q quits");
}

TEST(Frame, nobody_to_be_seen_says_what_to_do) {
    EXPECT_THAT(frame(with({}), start, {80, 10}, false),
                Contains(HasSubstr("porchlight list add")));
}

TEST(Frame, a_lost_connection_says_since_when_and_is_grey) {
    session s = with(a_few);
    base::instant now = start;
    now.mono += 2s;
    s.next(now);
    s.answered({"nobody answers", 0, ""}, now);
    const auto lines = frame(s, now, {80, 12}, true);
    EXPECT_THAT(lines[0],
                HasSubstr("No connection since " + clock_words(now.wall) + ", next try in 1 s"));
    EXPECT_THAT(lines[1], HasSubstr("nobody answers"));
    for (std::size_t i = 2; i < 8; ++i) {
        EXPECT_TRUE(lines[i].empty() || lines[i].starts_with("\x1b[2m")) << lines[i];
    }
    EXPECT_THAT(frame(s, now, {80, 12}, false)[0], Not(HasSubstr("\x1b")));
}

TEST(Frame, without_colours_there_is_no_escape_and_with_them_each_line_ends_plain) {
    for (const std::string& line : frame(with(a_few), start, {80, 12}, false)) {
        EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    }
    for (const std::string& line : frame(with(a_few), start, {80, 12}, true)) {
        const auto last = line.rfind("\x1b[");
        EXPECT_TRUE(last == std::string::npos || line.substr(last).starts_with("\x1b[0m")) << line;
    }
}

RC_GTEST_PROP(Frame, whatever_strangers_wrote_the_table_keeps_its_shape, ()) {
    const auto piece = rc::gen::elementOf(
        std::vector<std::string>{"\x1b", "[2J", "[1A", "]0;x", "\x07", "\n", "\r", "\t", "\b",
                                 "\xC2\x9B", "a", "漢", "\u202E", "\u0301", " "});
    const auto text =
        rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& all) {
            std::string joined;
            for (const std::string& p : all) {
                joined += p;
            }
            return joined;
        });
    const session s = with({{"@bob:porch.test", *text + "x", *text, *text},
                            {"@c\x1b[2J:porch.test", "online", *text, *text}});
    const auto columns = *rc::gen::inRange<std::size_t>(1, 120),
               rows = *rc::gen::inRange<std::size_t>(1, 30);
    const auto lines = frame(s, start, {columns, rows}, false);
    RC_ASSERT(lines.size() == rows);
    for (const std::string& line : lines) {
        RC_ASSERT(width_of(line) <= columns);
        RC_ASSERT(cleaned(line) == line);
    }
}

}  // namespace
}  // namespace porchlight::person
