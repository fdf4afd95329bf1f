#include "net/client/failures.h"

#include <gtest/gtest.h>

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using ports::client_error;
using ports::client_failure;

TEST(failures, say_seconds_where_there_are_whole_ones) {
    EXPECT_EQ(duration_text(30s), "30 s");
    EXPECT_EQ(duration_text(1500ms), "1500 ms");
}

TEST(failures, of_several_addresses_are_told_in_their_order) {
    const auto all =
        joined({{client_error::unreachable, "one"}, {client_error::unreachable, "two"}});
    EXPECT_EQ(all.what, client_error::unreachable);
    EXPECT_EQ(all.sentence, "one; two");
}

TEST(failures, of_many_addresses_are_told_in_part) {
    const client_failure one{client_error::unreachable, "one"};
    EXPECT_EQ(joined({one, one, one, one, one}).sentence, "one; one; one; and 2 more addresses");
}

TEST(failures, a_wrong_certificate_says_more_than_a_server_that_is_down) {
    const client_failure down{client_error::unreachable, "down"},
        wrong{client_error::certificate, "wrong"};
    EXPECT_EQ(joined({wrong, down}).what, client_error::certificate);
    EXPECT_EQ(joined({down, down, down, wrong, down}).what, client_error::certificate);
}

}  // namespace
}  // namespace porchlight::net::test
