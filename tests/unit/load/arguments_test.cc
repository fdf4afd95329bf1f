#include "load/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "load/endpoint.h"

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct parsed {
    std::variant<settings, int> result;
    std::string out, err;

    const settings& chosen() const { return std::get<settings>(result); }
    int status() const { return std::get<int>(result); }
};

parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "porchlight-load");
    std::ostringstream out, err;
    auto result = parse_arguments(static_cast<int>(words.size()), words.data(), out, err);
    return {std::move(result), out.str(), err.str()};
}

constexpr const char* server = "http://127.0.0.1:8008";

TEST(arguments, a_server_is_enough) {
    const auto s = parse({server}).chosen();
    EXPECT_EQ(s.users, 100U);
    EXPECT_EQ(s.publishers, 100U);
    EXPECT_EQ(s.topology, topology_kind::hall);
    EXPECT_EQ(s.scenario, scenario_kind::steady);
    EXPECT_EQ(s.process_count(), 1U);
    EXPECT_TRUE(s.prefix.starts_with("load-"));
    EXPECT_NE(s.prefix, parse({server}).chosen().prefix)
        << "names that exist are not used by chance";
}

TEST(arguments, all_of_them_are_taken) {
    const auto s = parse({"--pid",  "7",
                          server,   "--pid",
                          "8",      "--users",
                          "50",     "--topology",
                          "teams",  "--room-size",
                          "5",      "--rate",
                          "2.5",    "--pacing",
                          "fixed",  "--duration",
                          "9",      "--scenario",
                          "rush",   "--within",
                          "3",      "--prefix",
                          "walrus", "--publishers",
                          "4",      "--set-presence",
                          "online", "--processes",
                          "2"})
                       .chosen();
    EXPECT_EQ(s.processes, (std::vector<pid_t>{7, 8}));
    EXPECT_EQ(s.topology, topology_kind::teams);
    EXPECT_EQ(s.pace, pacing::fixed);
    EXPECT_EQ(s.scenario, scenario_kind::rush);
    EXPECT_EQ(s.duration, 9s);
    EXPECT_EQ(s.within, 3s);
    EXPECT_EQ(s.rate, 2.5);
    EXPECT_EQ(s.publishers, 4U);
    EXPECT_EQ(s.process_count(), 2U);
}

TEST(arguments, help_says_everything_and_is_no_error) {
    const auto p = parse({"--help"});
    EXPECT_EQ(p.status(), 0);
    for (const char* word : {"SERVER", "--users", "--topology", "--rate", "--json", "--svg",
                             "--scenario", "Exit status", "Examples"}) {
        EXPECT_THAT(p.out, HasSubstr(word));
    }
    EXPECT_EQ(p.err, "");
}

// What is wrong, where, and what is allowed.
TEST(arguments, what_is_wrong_is_said) {
    struct wrong {
        std::vector<const char*> words;
        std::vector<const char*> said;
    };
    const std::vector<wrong> all{
        {{}, {"SERVER"}},
        {{"ftp://127.0.0.1"},
         {"ftp://127.0.0.1", "neither http nor https", "allowed is http://HOST"}},
        {{"not a url"}, {"not a url", "allowed is"}},
        {{"http://a:b@c"}, {"more than a host"}},
        {{"http://h?x=y"}, {"more than a host"}},
        {{server, "--users", "0"}, {"--users", "0", "1 to 1000000"}},
        {{server, "--users", "many"}, {"--users", "many"}},
        {{server, "--topology", "ring"}, {"--topology", "ring", "hall", "teams", "lists", "none"}},
        {{server, "--scenario", "panic"}, {"--scenario", "panic", "reconnect", "rush", "steady"}},
        {{server, "--rate", "-1"}, {"--rate", "-1", "0.0"}},
        {{server, "--duration", "0"}, {"--duration", "0", "1 to 86400"}},
        {{server, "--users", "5", "--publishers", "6"},
         {"--publishers", "6 of 5", "allowed are 1 to"}},
        {{server, "--users", "20000", "--publishers", "10000"},
         {"--publishers", "200000000 pairs", "100000000"}},
        {{server, "--prefix", "Alice"}, {"--prefix", "Alice", "a-z"}},
        {{server, "--ca", "/nowhere.pem"}, {"--ca", "/nowhere.pem"}},
        {{server, "--processes", "9", "--users", "8"}, {"--processes", "9 for 8", "allowed are"}},
        {{server, "--processes", "1", "--users", "19000"},
         {"--processes", "19100", "at most 19000"}},
        {{server, "--loudly"}, {"--loudly"}},
    };
    for (const auto& w : all) {
        const auto p = parse(w.words);
        ASSERT_TRUE(std::holds_alternative<int>(p.result)) << w.words.back();
        EXPECT_EQ(p.status(), 2);
        for (const auto* text : w.said) {
            EXPECT_THAT(p.err, HasSubstr(text));
        }
    }
}

TEST(arguments, more_connections_than_one_process_holds_take_more_processes) {
    const auto s = parse({server, "--users", "40000", "--publishers", "1000"}).chosen();
    EXPECT_EQ(s.process_count(), 3U);
}

TEST(base_url, is_taken_apart) {
    const auto plain = base_url::parse("http://127.0.0.1:8008/");
    EXPECT_FALSE(plain.https);
    EXPECT_EQ(plain.host, "127.0.0.1");
    EXPECT_EQ(plain.port, "8008");
    EXPECT_EQ(plain.authority, "127.0.0.1:8008");
    EXPECT_EQ(plain.path, "");
    const auto tls = base_url::parse("https://[::1]/matrix/");
    EXPECT_TRUE(tls.https);
    EXPECT_EQ(tls.host, "::1");
    EXPECT_EQ(tls.port, "443");
    EXPECT_EQ(tls.authority, "[::1]");
    EXPECT_EQ(tls.path, "/matrix");
}

}  // namespace
}  // namespace porchlight::load
