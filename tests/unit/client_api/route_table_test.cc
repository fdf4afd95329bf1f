#include "client_api/route_table.h"

#include <gtest/gtest.h>

#include <set>

#include "client_api/url.h"

namespace porchlight::client_api {
namespace {

void nothing(call_ptr) {}

constexpr route rows[] = {
    {"GET", "/things/{id}", r0 | v3, auth::none, body::none, nothing},
    {"PUT", "/things/{id}", v3, auth::none, body::none, nothing},
    {"GET", "/things/new", v3, auth::none, body::none, nothing},
    {"GET", "/things/{id}/parts/{part}", v3, auth::none, body::none, nothing},
    {"GET", "/things/{id}/parts/", v3, auth::none, body::none, nothing},
    {"GET", "/plain", root, auth::none, body::none, nothing},
};

struct route_table_test : testing::Test {
    route_table::match find(std::string_view method, std::string_view path) {
        return table.find(method, split_path(path).value());
    }
    route_table table{rows};
};

TEST_F(route_table_test, a_name_takes_one_segment) {
    const auto m = find("GET", "/_matrix/client/v3/things/a%2Fb/parts/7");
    ASSERT_EQ(m.found, &rows[3]);
    EXPECT_EQ(m.params, (std::vector<std::string>{"a/b", "7"}));
}

TEST_F(route_table_test, prefixes_are_those_of_the_row) {
    EXPECT_EQ(find("GET", "/_matrix/client/r0/things/x").found, &rows[0]);
    EXPECT_EQ(find("GET", "/_matrix/client/v1/things/x").found, nullptr);
    EXPECT_EQ(find("GET", "/things/x").found, nullptr);
    EXPECT_EQ(find("GET", "/plain").found, &rows[5]);
}

TEST_F(route_table_test, a_literal_wins_over_a_name) {
    EXPECT_EQ(find("GET", "/_matrix/client/v3/things/new").found, &rows[2]);
    EXPECT_EQ(find("PUT", "/_matrix/client/v3/things/new").found, &rows[1])
        << "unless only the name takes the method";
}

TEST_F(route_table_test, an_empty_segment_is_no_name) {
    EXPECT_FALSE(find("GET", "/_matrix/client/v3/things/").path_known);
    EXPECT_EQ(find("GET", "/_matrix/client/v3/things/x/parts/").found, &rows[4]);
    EXPECT_FALSE(find("GET", "/_matrix/client/v3/things/x/").path_known);
}

TEST_F(route_table_test, a_known_path_with_another_method_is_told) {
    const auto m = find("DELETE", "/_matrix/client/v3/things/x");
    EXPECT_EQ(m.found, nullptr);
    EXPECT_TRUE(m.path_known);
    EXPECT_FALSE(find("GET", "/_matrix/client/v3/nothing").path_known);
}

TEST_F(route_table_test, a_path_of_thousands_of_segments_is_unknown) {
    std::string path;
    for (int i = 0; i < 4000; ++i) {
        path += "/x";
    }
    EXPECT_FALSE(find("GET", path).path_known);
}

// --- the table of the server ---

TEST(routes, all_can_be_found) {
    const route_table table{routes()};
    for (const auto& r : routes()) {
        EXPECT_NE(r.prefixes, 0) << r.pattern;
        EXPECT_TRUE(r.method == "GET" || r.method == "PUT" || r.method == "POST" ||
                    r.method == "DELETE")
            << r.pattern;
        if ((r.prefixes & v3) != 0) {
            const auto m = table.find(
                r.method, split_path("/_matrix/client/v3" + std::string{r.pattern}).value());
            EXPECT_EQ(m.found, &r) << r.method << ' ' << r.pattern;
        }
    }
}

TEST(routes, what_is_stable_exists_under_r0_and_v3) {
    for (const auto& r : routes()) {
        const bool is_stable = (r.prefixes & (r0 | v3)) != 0;
        EXPECT_TRUE(!is_stable || (r.prefixes & (r0 | v3)) == (r0 | v3)) << r.pattern;
    }
}

}  // namespace
}  // namespace porchlight::client_api
