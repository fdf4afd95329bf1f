#include "federation/well_known.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "federation/web_place.h"

namespace porchlight::federation {
namespace {

using namespace std::chrono_literals;

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr base::wall_time now = base::from_unix_ms(784'111'777'000);
const std::string good_body = R"({"m.server":"matrix.example.org:443"})";

well_known read(std::vector<std::pair<std::string, std::string>> headers,
                const std::string& body = good_body, int status = 200, unsigned failures = 0) {
    return read_well_known({status, std::move(headers), body}, now, failures);
}
base::milliseconds kept(std::vector<std::pair<std::string, std::string>> headers) {
    const auto answer = read(std::move(headers));
    EXPECT_TRUE(answer.delegated);
    return answer.keep;
}

TEST(well_known, m_server_names_the_server_delegated_to) {
    for (const std::string name : {"matrix.example.org", "matrix.example.org:443", "5.0.0.1",
                                   "5.0.0.1:1", "[2a00::1]", "[2a00::1]:65535", "localhost"}) {
        const auto answer = read({}, R"({"m.server":")" + name + R"(","more":[1,2]})");
        EXPECT_EQ(answer.delegated, name);
        EXPECT_EQ(answer.why_not, "");
    }
}

TEST(well_known, an_answer_that_names_no_server_says_why) {
    struct {
        std::string body, why;
    } const bodies[] = {
        {"", "the answer is no JSON object"},
        {"<html>", "the answer is no JSON object"},
        {R"(["m.server"])", "the answer is no JSON object"},
        {R"({"m.server":"a.example"} x)", "the answer is no JSON object"},
        {"{}", "the answer has no text m.server"},
        {R"({"m.server":1})", "the answer has no text m.server"},
        {R"({"M.Server":"a.example"})", "the answer has no text m.server"},
        {R"({"m.server":""})", "m.server is no valid server name"},
        {R"({"m.server":"https://a.example"})", "m.server is no valid server name"},
        {R"({"m.server":"a.example:"})", "m.server is no valid server name"},
        {R"({"m.server":"a.example:0"})", "m.server is no valid server name"},
        {R"({"m.server":"a.example:65536"})", "m.server is no valid server name"},
        {R"({"m.server":"a..example"})", "m.server is no valid server name"},
        {R"({"m.server":"a.example\r\nx: y"})", "m.server is no valid server name"},
        {R"({"m.server":"a.example\u0000"})", "m.server is no valid server name"},
        {R"({"m.server":")" + std::string(64, 'a') + R"(.example"})",
         "m.server is no valid server name"},
        {"{\"m.server\":\"a.example\"" + std::string(64 * 1024, ' ') + "}",
         "the answer is longer than 65536 bytes"},
    };
    for (const auto& b : bodies) {
        const auto answer = read({}, b.body);
        EXPECT_FALSE(answer.delegated) << b.body;
        EXPECT_EQ(answer.why_not, b.why) << b.body;
    }
    for (const int status : {100, 201, 204, 304, 400, 404, 500}) {
        const auto answer = read({}, good_body, status);
        EXPECT_FALSE(answer.delegated);
        EXPECT_EQ(answer.why_not, "the answer has status " + std::to_string(status));
    }
}

TEST(well_known, without_cache_headers_it_is_kept_a_day) {
    EXPECT_EQ(kept({}), 24h);
    EXPECT_EQ(kept({{"cache-control", "public"}}), 24h);
    EXPECT_EQ(kept({{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}}), 24h);
}

TEST(well_known, max_age_says_how_long_within_five_minutes_and_two_days) {
    EXPECT_EQ(kept({{"cache-control", "max-age=3600"}}), 1h);
    EXPECT_EQ(kept({{"cache-control", "public, Max-Age=\"3600\" , immutable"}}), 1h);
    EXPECT_EQ(kept({{"cache-control", "max-age=0"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "max-age=299"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "max-age=301"}}), 301s);
    EXPECT_EQ(kept({{"cache-control", "max-age=31536000"}}), 48h);
    EXPECT_EQ(kept({{"cache-control", "max-age=99999999999999999999"}}), 48h);
    EXPECT_EQ(kept({{"cache-control", "max-age=-1"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "max-age=soon"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "s-maxage=10"}}), 24h) << "that is for shared caches";
    EXPECT_EQ(kept({{"cache-control", "max-age=7200"}, {"cache-control", "max-age=3600"}}), 1h);
}

TEST(well_known, what_should_not_be_stored_is_kept_five_minutes) {
    EXPECT_EQ(kept({{"cache-control", "no-store"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "max-age=3600, No-Cache"}}), 5min);
    EXPECT_EQ(kept({{"cache-control", "max-age=3600"}, {"cache-control", "no-cache"}}), 5min);
}

TEST(well_known, expires_counts_from_the_answers_date) {
    const std::string in_an_hour = "Sun, 06 Nov 1994 09:49:37 GMT";
    EXPECT_EQ(kept({{"expires", in_an_hour}}), 1h);
    EXPECT_EQ(kept({{"expires", in_an_hour}, {"date", "Sun, 06 Nov 1994 09:19:37 GMT"}}), 30min)
        << "the server's clock goes wrong";
    EXPECT_EQ(kept({{"expires", in_an_hour}, {"date", "today"}}), 1h);
    EXPECT_EQ(kept({{"expires", in_an_hour}, {"cache-control", "max-age=7200"}}), 2h)
        << "Cache-Control comes first";
    EXPECT_EQ(kept({{"expires", "Sun, 06 Nov 2094 08:49:37 GMT"}}), 48h);
    EXPECT_EQ(kept({{"expires", "Thu, 01 Jan 1970 00:00:00 GMT"}}), 5min);
    for (const char* no_date :
         {"0", "-1", "", "Sun, 31 Feb 2094 08:49:37 GMT", "Sun, 06 nov 2094 08:49:37 GMT",
          "Sun, 06 Nov 2094 24:49:37 GMT", "Sun, -6 Nov 2094 08:49:37 GMT",
          "Sun, 06 ovD 2094 08:49:37 GMT", "Sun, 06 Nov 2094 08:49:37 CET"}) {
        EXPECT_EQ(kept({{"expires", no_date}}), 5min) << no_date;
    }
}

TEST(well_known, a_failure_is_kept_two_minutes_and_twice_that_each_time_up_to_an_hour) {
    const base::milliseconds times[] = {2min, 4min, 8min, 16min, 32min, 1h, 1h};
    unsigned before = 0;
    for (const auto time : times) {
        EXPECT_EQ(read({}, "", 404, before).keep, time);
        EXPECT_EQ(no_well_known("nobody listens there", before).keep, time);
        ++before;
    }
    EXPECT_EQ(no_well_known("", 4'000'000'000U).keep, 1h);
    EXPECT_EQ(read({{"cache-control", "max-age=86400"}}, "", 404).keep, 2min);
}

// --- where a redirect leads ---

std::string location(const std::string& text,
                     const std::string& base = "https://a.example/.well-known/matrix/server") {
    const auto place = read_location(base, text);
    return place ? place->url : "nowhere";
}

TEST(web_place, a_location_may_be_whole_or_relative) {
    EXPECT_EQ(location("https://b.example/x?y=1#z"), "https://b.example/x?y=1");
    EXPECT_EQ(location("https://b.example"), "https://b.example/");
    EXPECT_EQ(location("https://b.example?q"), "https://b.example/?q");
    EXPECT_EQ(location("//b.example/x"), "https://b.example/x");
    EXPECT_EQ(location("/x"), "https://a.example/x");
    EXPECT_EQ(location("client"), "https://a.example/.well-known/matrix/client");
    EXPECT_EQ(location("../../x/./y"), "https://a.example/x/y");
    EXPECT_EQ(location("?q"), "https://a.example/.well-known/matrix/server?q");
    EXPECT_EQ(location(""), "https://a.example/.well-known/matrix/server");
}

TEST(web_place, two_ways_to_write_a_place_are_one) {
    EXPECT_EQ(location("HTTPS://B.Example:443/%7Ex/../y"), "https://b.example/y");
    EXPECT_EQ(location("https://b.example:/y"), "https://b.example/y");
}

TEST(web_place, the_port_and_an_address_are_those_of_the_url) {
    const auto place = read_location("https://a.example/", "https://[2a00::1]:8443/x?y");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->where.host, "2a00::1");
    EXPECT_TRUE(place->where.is_address);
    EXPECT_EQ(place->where.text, "[2a00::1]:8443");
    EXPECT_EQ(place->port, 8443);
    EXPECT_EQ(place->target, "/x?y");
}

TEST(web_place, what_is_not_https_or_no_url_leads_nowhere) {
    for (const std::string text :
         {"http://b.example/", "ftp://b.example/", "file:///etc/passwd", "https://user@b.example/",
          "https://", "https:///x", "https:x", "https://b.example:0/", "https://b.example:65536/",
          "https://b .example/", "/x y", "/x\r\ny: z", "https://b%2eexample%00/",
          "https://b_c.example/", "https://[fe80::1%25eth0]/", "https://[v1.x]/", "/\xc3\xa4"}) {
        EXPECT_EQ(location(text), "nowhere") << text;
    }
    EXPECT_EQ(location("/" + std::string(base::limits::redirect_bytes_max, 'x')), "nowhere");
}

}  // namespace
}  // namespace porchlight::federation
