#include "person/command_tree.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "person/failure.h"

namespace porchlight::person {
namespace {

using testing::HasSubstr;

// What the program would say. Nothing here reaches a server: there are no credentials.
std::string said_to(const std::string& line) {
    CLI::App app{"", "porchlight"};
    arguments a;
    int code = 0;
    add_commands(app, a, code);
    try {
        app.parse(line + " --credentials /nonexistent/c.json");
    } catch (const CLI::ParseError& e) {
        return e.what();
    } catch (const failed& f) {
        return f.message;
    }
    return "";
}

TEST(Arguments, a_status_needs_something_to_say) {
    EXPECT_THAT(said_to("status set"), HasSubstr("say what to set"));
    EXPECT_THAT(said_to("status set drunk"), HasSubstr("online"));
    EXPECT_THAT(said_to("status"), HasSubstr("subcommand"));
}

TEST(Arguments, a_duration_is_checked_before_anything_is_sent) {
    EXPECT_THAT(said_to("status set --text lunch --expires soon"), HasSubstr("90s, 30m, 2h or 7d"));
    EXPECT_THAT(said_to("status set online --expires 2h"), HasSubstr("give one with --text"));
}

TEST(Arguments, a_text_is_as_long_as_servers_take_it) {
    EXPECT_THAT(said_to("status set --text " + std::string(2049, 'x')), HasSubstr("at most 2048"));
    EXPECT_THAT(said_to("status set --text " + std::string(2048, 'x')), HasSubstr("not logged in"));
    EXPECT_THAT(said_to("status set --text \xff"), HasSubstr("not UTF-8"));
}

TEST(Arguments, hidden_and_unhide_exclude_each_other) {
    EXPECT_THAT(said_to("status set hidden --unhide"), HasSubstr("opposite"));
}

TEST(Arguments, lists_need_users_and_known_values) {
    EXPECT_THAT(said_to("list add"), HasSubstr("USER"));
    EXPECT_THAT(said_to("list policy --visibility friends"), HasSubstr("lists_only"));
    EXPECT_THAT(said_to("list bogus"), HasSubstr("bogus"));
}

TEST(Arguments, the_idle_time_is_one_to_five_minutes) {
    EXPECT_THAT(said_to("watch --idle 0"), HasSubstr("1"));
    EXPECT_THAT(said_to("watch --idle 6"), HasSubstr("5"));
    EXPECT_THAT(said_to("watch --idle 5"), HasSubstr("not logged in"));
    EXPECT_THAT(said_to("watch --state offline"), HasSubstr("busy"));
}

TEST(Arguments, every_command_says_when_nobody_is_logged_in) {
    for (const char* line :
         {"logout", "whoami", "status get", "status clear", "status set busy", "list",
          "list add bob", "list drop bob", "list invites", "list accept bob", "list deny bob",
          "list revoke bob", "list block bob", "list unblock bob", "list policy", "watch"}) {
        EXPECT_THAT(said_to(line), HasSubstr("you are not logged in")) << line;
    }
    EXPECT_THAT(said_to("login"), HasSubstr("say who you are"));
}

}  // namespace
}  // namespace porchlight::person
