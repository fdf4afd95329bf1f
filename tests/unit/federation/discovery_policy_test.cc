#include <gmock/gmock.h>

#include "base/limits.h"
#include "unit/federation/discovery_bench.h"

// Nobody can lead this server to the machines beside it.
namespace porchlight::federation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class discovery_policy_test : public discovery_bench {
  protected:
    // Everything asked for on the way went to public addresses.
    void TearDown() override {
        for (const auto& r : internet.requests) {
            for (const std::string& a : r.addresses) {
                EXPECT_THAT(
                    a, testing::AnyOf(testing::StartsWith("5."), testing::StartsWith("2a00:")));
            }
        }
    }
    const std::vector<std::string> public_one{"5.0.0.1"}, private_one{"10.0.0.1"};
};

TEST_F(discovery_policy_test, a_name_that_is_a_private_address_is_refused) {
    EXPECT_EQ(route("127.0.0.1"),
              "127.0.0.1, which is not a public address; federation.allow_private_addresses would "
              "let it through");
    EXPECT_THAT(route("[::1]:8448"), HasSubstr("::1, which is not a public address"));
    EXPECT_THAT(route("[::ffff:127.0.0.1]"), HasSubstr("not a public address"));
    EXPECT_THAT(route("169.254.169.254:80"), HasSubstr("not a public address"));
}

TEST_F(discovery_policy_test, a_name_that_leads_to_a_private_address_is_refused) {
    internet.hosts.insert_or_assign("a.example", private_one);
    for (const char* name : {"a.example", "a.example:443"}) {
        EXPECT_EQ(route(name),
                  "a.example leads to 10.0.0.1, which is not a public address; "
                  "federation.allow_private_addresses would let it through");
    }
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"127.0.0.1", "fe80::1"});
    EXPECT_EQ(route("b.example"),
              "b.example leads to 127.0.0.1, fe80::1, none of them public; "
              "federation.allow_private_addresses would let it through");
    EXPECT_THAT(internet.requests, IsEmpty());
}

TEST_F(discovery_policy_test, of_a_name_that_leads_to_both_the_private_ones_are_left_out) {
    internet.hosts.insert_or_assign(
        "a.example", std::vector<std::string>{"10.0.0.1", "5.0.0.1", "::1", "2a00::1", "nonsense"});
    EXPECT_EQ(route("a.example"), "5.0.0.1,2a00::1:8448 host=a.example tls=a.example");
    EXPECT_THAT(internet.requests.at(0).addresses, ElementsAre("5.0.0.1", "2a00::1"));
}

TEST_F(discovery_policy_test, a_name_that_leads_elsewhere_the_second_time_is_checked_again) {
    internet.hosts.insert_or_assign("a.example", public_one);
    EXPECT_EQ(route("a.example"), "5.0.0.1:8448 host=a.example tls=a.example");
    internet.hosts.insert_or_assign("a.example", private_one);
    pass(base::limits::route_keep);
    EXPECT_THAT(route("a.example"), HasSubstr("not a public address"));
}

TEST_F(discovery_policy_test, a_delegated_private_address_is_refused) {
    internet.hosts.insert_or_assign("a.example", public_one);
    internet.delegate("a.example", "127.0.0.1:8008");
    EXPECT_THAT(route("a.example"), HasSubstr("127.0.0.1, which is not a public address"));
    EXPECT_EQ(internet.times_asked("SRV _matrix-fed._tcp.a.example"), 0U);
}

TEST_F(discovery_policy_test, a_delegated_name_that_leads_to_a_private_address_is_refused) {
    internet.hosts.insert_or_assign("a.example", public_one);
    internet.hosts.insert_or_assign("b.example", private_one);
    internet.delegate("a.example", "b.example:8008");
    EXPECT_THAT(route("a.example"), HasSubstr("b.example leads to 10.0.0.1"));
}

TEST_F(discovery_policy_test, srv_targets_that_lead_to_private_addresses_are_left_out) {
    internet.hosts.insert_or_assign("b.example", private_one);
    internet.hosts.insert_or_assign("c.example", public_one);
    internet.records.insert_or_assign(
        "_matrix-fed._tcp.a.example",
        std::vector<ports::service_record>{
            {1, 0, 1, "b.example"}, {2, 0, 2, "127.0.0.1"}, {3, 0, 3, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.1:3 host=a.example tls=a.example");
}

TEST_F(discovery_policy_test, with_the_key_they_are_let_through) {
    let_private_through();
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1", "::1"});
    EXPECT_EQ(route("a.example:1"), "5.0.0.1,::1:1 host=a.example:1 tls=a.example");
    EXPECT_EQ(route("127.0.0.1"), "127.0.0.1:8448 host=127.0.0.1 tls=127.0.0.1");
}

TEST_F(discovery_policy_test, of_very_many_addresses_some_are_taken) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>(1000, "5.0.0.1"));
    const auto before = reached("discovery_addresses");
    EXPECT_EQ(find("a.example:1")->places.at(0).addresses.size(),
              base::limits::discovery_addresses_max);
    EXPECT_GT(reached("discovery_addresses"), before);
}

// --- redirects of the well-known file ---

class redirect_test : public discovery_policy_test {
  protected:
    redirect_test() {
        internet.hosts.insert_or_assign("a.example", public_one);
        internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
        internet.hosts.insert_or_assign("inside.example", private_one);
    }
    // Where a.example is when no file was found.
    const std::string step_6 = "5.0.0.1:8448 host=a.example tls=a.example";
    const std::string delegated = "5.0.0.2:1 host=b.example:1 tls=b.example";
    const ports::client_response good{200, {}, R"({"m.server":"b.example:1"})"};
};

TEST_F(redirect_test, it_is_followed_to_another_host_port_and_path) {
    for (const int status : {301, 302, 303, 307, 308}) {
        internet.redirect(file_of("a.example"), "https://b.example:8443/x?y", status);
        internet.pages.insert_or_assign("https://b.example:8443/x?y", good);
        EXPECT_EQ(route("a.example"), delegated) << status;
        const auto& r = internet.requests.back();
        EXPECT_THAT(r.addresses, ElementsAre("5.0.0.2"));
        EXPECT_EQ(r.port, 8443);
        EXPECT_EQ(r.host, "b.example:8443");
        EXPECT_EQ(r.tls_name, "b.example");
        EXPECT_EQ(r.target, "/x?y");
        pass(std::chrono::hours{48});
    }
}

TEST_F(redirect_test, a_relative_one_stays_at_the_host) {
    internet.redirect(file_of("a.example"), "../x");
    internet.pages.insert_or_assign("https://a.example/.well-known/x", good);
    EXPECT_EQ(route("a.example"), delegated);
}

TEST_F(redirect_test, one_to_a_private_address_is_refused) {
    for (const char* to :
         {"https://inside.example/", "https://127.0.0.1/", "https://[::1]/",
          "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest/meta-data"}) {
        internet.redirect(file_of("a.example"), to);
        EXPECT_EQ(route("a.example"), step_6) << to;
        EXPECT_EQ(internet.requests.back().host, "a.example") << to;
        pass(std::chrono::hours{1});
    }
    EXPECT_EQ(internet.requests.size(), 5U);
}

TEST_F(redirect_test, one_to_http_is_refused) {
    internet.redirect(file_of("a.example"), "http://b.example/x");
    EXPECT_EQ(route("a.example"), step_6);
    EXPECT_EQ(internet.requests.size(), 1U);
}

TEST_F(redirect_test, a_circle_is_left) {
    internet.redirect(file_of("a.example"), "https://b.example/x");
    internet.redirect("https://b.example/x", "https://A.example:443/.well-known/matrix/server#2");
    const auto answer = find("a.example");
    EXPECT_EQ(internet.requests.size(), 2U);
    EXPECT_EQ(answer->steps.at(1), "Step 3: https://b.example/x: the redirects go in a circle.");
}

TEST_F(redirect_test, five_are_followed_and_no_sixth) {
    internet.redirect(file_of("a.example"), "/1");
    for (int i = 1; i < 5; ++i) {
        internet.redirect("https://a.example/" + std::to_string(i), "/" + std::to_string(i + 1));
    }
    internet.pages.insert_or_assign("https://a.example/5", good);
    EXPECT_EQ(route("a.example"), delegated);
    EXPECT_EQ(internet.requests.size(), 6U);

    internet.redirect("https://a.example/5", "/6");
    internet.pages.insert_or_assign("https://a.example/6", good);
    pass(std::chrono::hours{48});
    const auto before = reached("discovery_redirects");
    EXPECT_EQ(route("a.example"), step_6);
    EXPECT_EQ(internet.requests.size(), 12U);
    EXPECT_EQ(reached("discovery_redirects"), before + 1);
}

}  // namespace
}  // namespace porchlight::federation
