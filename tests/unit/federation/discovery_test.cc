#include "federation/discovery.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "unit/federation/discovery_bench.h"

// The steps of "Resolving server names", in their order.
namespace porchlight::federation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class discovery_test : public discovery_bench {};

TEST_F(discovery_test, step_1_an_ip_address_is_the_server_at_its_port_or_8448) {
    EXPECT_EQ(route("5.0.0.1"), "5.0.0.1:8448 host=5.0.0.1 tls=5.0.0.1");
    EXPECT_EQ(route("5.0.0.1:9000"), "5.0.0.1:9000 host=5.0.0.1:9000 tls=5.0.0.1");
    EXPECT_EQ(route("[2a00::1]"), "2a00::1:8448 host=[2a00::1] tls=2a00::1");
    EXPECT_EQ(route("[2a00::1]:9000"), "2a00::1:9000 host=[2a00::1]:9000 tls=2a00::1");
    EXPECT_THAT(internet.asked, IsEmpty());
}

TEST_F(discovery_test, step_2_a_name_with_a_port_is_looked_up_and_nothing_else_asked) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"2a00::1", "5.0.0.1"});
    EXPECT_EQ(route("a.example:443"), "2a00::1,5.0.0.1:443 host=a.example:443 tls=a.example");
    EXPECT_THAT(internet.asked, ElementsAre("A a.example"));
}

class delegated_test : public discovery_bench {
  protected:
    // Where a.example is when it delegates to this.
    std::string delegated_to(const std::string& name) {
        internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
        internet.delegate("a.example", name);
        return route("a.example");
    }
};

TEST_F(delegated_test, the_file_is_asked_for_at_port_443_of_the_name_with_tls_for_it) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    delegated_to("b.example:1");
    ASSERT_EQ(internet.requests.size(), 1U);
    const auto& r = internet.requests[0];
    EXPECT_THAT(r.addresses, ElementsAre("5.0.0.1"));
    EXPECT_EQ(r.port, 443);
    EXPECT_EQ(r.host, "a.example");
    EXPECT_EQ(r.tls_name, "a.example");
    EXPECT_EQ(r.method, "GET");
    EXPECT_EQ(r.target, "/.well-known/matrix/server");
    EXPECT_EQ(r.timeout, base::limits::well_known_timeout);
    EXPECT_EQ(r.response_bytes_max, base::limits::well_known_bytes_max);
}

TEST_F(delegated_test, step_3_1_to_an_ip_address) {
    EXPECT_EQ(delegated_to("5.0.0.2"), "5.0.0.2:8448 host=5.0.0.2 tls=5.0.0.2");
    discovery->forget("a.example");
    pass(base::limits::well_known_keep_min);
    EXPECT_EQ(delegated_to("[2a00::2]:9000"), "2a00::2:9000 host=[2a00::2]:9000 tls=2a00::2");
    EXPECT_EQ(internet.times_asked("SRV _matrix-fed._tcp.a.example"), 0U);
}

TEST_F(delegated_test, step_3_2_to_a_name_with_a_port) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    EXPECT_EQ(delegated_to("b.example:443"), "5.0.0.2:443 host=b.example:443 tls=b.example");
    EXPECT_THAT(internet.asked,
                ElementsAre("A a.example", "GET " + file_of("a.example"), "A b.example"));
}

TEST_F(delegated_test, step_3_3_to_a_name_with_srv_records) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.9"});
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign(
        "_matrix-fed._tcp.b.example",
        std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(delegated_to("b.example"), "5.0.0.2:9000 host=b.example tls=b.example");
    EXPECT_EQ(internet.times_asked("SRV _matrix._tcp.b.example"), 0U);
}

TEST_F(delegated_test, step_3_4_to_a_name_with_srv_records_of_the_old_kind) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign(
        "_matrix._tcp.b.example", std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(delegated_to("b.example"), "5.0.0.2:9000 host=b.example tls=b.example");
}

TEST_F(delegated_test, step_3_5_to_a_name_alone) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    EXPECT_EQ(delegated_to("b.example"), "5.0.0.2:8448 host=b.example tls=b.example");
    EXPECT_THAT(internet.asked, ElementsAre("A a.example", "GET " + file_of("a.example"),
                                            "SRV _matrix-fed._tcp.b.example",
                                            "SRV _matrix._tcp.b.example", "A b.example"));
}

TEST_F(delegated_test, a_delegated_name_has_no_well_known_file_of_its_own) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    internet.delegate("b.example", "c.example");
    EXPECT_EQ(delegated_to("b.example"), "5.0.0.2:8448 host=b.example tls=b.example");
}

TEST_F(delegated_test, where_it_leads_nowhere_the_name_itself_is_not_tried) {
    EXPECT_EQ(delegated_to("b.example"), "b.example has no address");
    EXPECT_EQ(internet.times_asked("SRV _matrix-fed._tcp.a.example"), 0U);
}

TEST_F(discovery_test, step_4_srv_records_where_there_is_no_well_known_file) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign(
        "_matrix-fed._tcp.a.example",
        std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.2:9000 host=a.example tls=a.example");
    EXPECT_THAT(internet.asked, ElementsAre("A a.example", "GET " + file_of("a.example"),
                                            "SRV _matrix-fed._tcp.a.example", "A c.example"));
}

TEST_F(discovery_test, step_4_also_for_a_name_without_an_address) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign(
        "_matrix-fed._tcp.a.example",
        std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.2:9000 host=a.example tls=a.example");
}

TEST_F(discovery_test, step_5_srv_records_of_the_old_kind) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign(
        "_matrix._tcp.a.example", std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.2:9000 host=a.example tls=a.example");
}

TEST_F(discovery_test, step_5_also_where_the_records_of_step_4_cannot_be_asked_for) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.2"});
    internet.records.insert_or_assign("_matrix-fed._tcp.a.example",
                                      ports::resolve_failure{"the name server refuses"});
    internet.records.insert_or_assign(
        "_matrix._tcp.a.example", std::vector<ports::service_record>{{1, 1, 9000, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.2:9000 host=a.example tls=a.example");
}

TEST_F(discovery_test, step_6_the_name_at_port_8448) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    EXPECT_EQ(route("a.example"), "5.0.0.1:8448 host=a.example tls=a.example");
    EXPECT_THAT(internet.asked, ElementsAre("A a.example", "GET " + file_of("a.example"),
                                            "SRV _matrix-fed._tcp.a.example",
                                            "SRV _matrix._tcp.a.example", "A a.example"));
}

TEST_F(discovery_test, a_bad_well_known_file_is_as_good_as_none) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    for (const auto& page :
         {ports::client_response{404, {}, R"({"m.server":"b.example"})"},
          ports::client_response{200, {}, "<html>"}, ports::client_response{302, {}, ""},
          ports::client_response{200, {}, R"({"m.server":"b.example:99999"})"}}) {
        internet.pages.insert_or_assign(file_of("a.example"), page);
        EXPECT_EQ(route("a.example"), "5.0.0.1:8448 host=a.example tls=a.example");
        pass(std::chrono::hours{48});
    }
    EXPECT_EQ(internet.requests.size(), 4U);
}

TEST_F(discovery_test, what_is_no_server_name_is_not_looked_for) {
    for (const char* name : {"", "a b", "a.example:0", "a.example:65536", "a..example", "[::1",
                             "a.example/x", "user@a.example", ".", "-_-"}) {
        EXPECT_EQ(route(name), "this is no valid server name") << name;
    }
    EXPECT_THAT(internet.asked, IsEmpty());
}

TEST_F(discovery_test, the_steps_tell_an_administrator_what_was_done) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2", "10.0.0.1"});
    internet.redirect(file_of("a.example"), "https://www.a.example/m");
    internet.hosts.insert_or_assign("www.a.example", std::vector<std::string>{"5.0.0.1"});
    internet.pages.insert_or_assign("https://www.a.example/m",
                                    ports::client_response{200, {}, R"({"m.server":"b.example"})"});
    EXPECT_THAT(find("a.example")->steps,
                ElementsAre("Step 3: https://a.example/.well-known/matrix/server redirects to "
                            "https://www.a.example/m.",
                            "Step 3: https://www.a.example/m delegates to b.example.",
                            "Step 3.3: _matrix-fed._tcp.b.example has no SRV record.",
                            "Step 3.4: _matrix._tcp.b.example has no SRV record.",
                            "Step 3.5: b.example itself, at port 8448.",
                            "b.example has the addresses 5.0.0.2.",
                            "Left out, not public: 10.0.0.1 of b.example."));
    pass(std::chrono::minutes{7});
    EXPECT_EQ(find("a.example")->steps.at(0),
              "Step 3: asked 7 min ago, a.example delegates to b.example.");
}

TEST_F(discovery_test, a_failure_tells_it_too) {
    internet.hosts.insert_or_assign("a.example", ports::resolve_failure{"no name server answers"});
    const auto failure = find("a.example").error();
    EXPECT_EQ(failure.sentence,
              "the addresses of a.example cannot be found out: no name server answers");
    EXPECT_THAT(
        failure.steps,
        ElementsAre("Step 3: https://a.example/.well-known/matrix/server: the addresses of "
                    "a.example cannot be found out: no name server answers.",
                    "Step 4: _matrix-fed._tcp.a.example has no SRV record.",
                    "Step 5: _matrix._tcp.a.example has no SRV record.",
                    "Step 6: a.example itself, at port 8448.",
                    "the addresses of a.example cannot be found out: no name server answers."));
}

// --- SRV records ---

class services_test : public discovery_bench {
  protected:
    void services(std::vector<ports::service_record> r) {
        internet.records.insert_or_assign("_matrix-fed._tcp.a.example", std::move(r));
    }
};

TEST_F(services_test, targets_are_places_in_the_order_of_their_priorities) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2", "2a00::2"});
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.3"});
    services({{20, 0, 3, "c.example"}, {10, 0, 2, "b.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.2,2a00::2:2 5.0.0.3:3 host=a.example tls=a.example");
}

TEST_F(services_test, targets_of_one_priority_are_drawn_by_weight) {
    internet.hosts.insert_or_assign("b.example", std::vector<std::string>{"5.0.0.2"});
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.3"});
    services({{1, 1000, 2, "b.example"}, {1, 3000, 3, "c.example"}});
    int c_first = 0;
    constexpr int draws = 2000;
    for (int i = 0; i < draws; ++i) {
        c_first += find("a.example")->places.at(0).port == 3 ? 1 : 0;
        pass(base::limits::route_keep);
    }
    EXPECT_NEAR(c_first, draws * 0.75, draws * 0.07) << "seven standard deviations";
}

TEST_F(services_test, a_target_without_an_address_is_left_out) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.3"});
    services({{1, 0, 2, "b.example"}, {2, 0, 3, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.3:3 host=a.example tls=a.example");
}

TEST_F(services_test, where_no_target_has_one_port_8448_is_not_tried) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    services({{1, 0, 2, "b.example"}, {2, 0, 3, "c.example"}});
    EXPECT_EQ(route("a.example"), "b.example has no address; c.example has no address");
}

TEST_F(services_test, a_service_that_is_not_offered_is_a_failure) {
    internet.hosts.insert_or_assign("a.example", std::vector<std::string>{"5.0.0.1"});
    services({{0, 0, 0, ""}});
    EXPECT_EQ(route("a.example"),
              "_matrix-fed._tcp.a.example says that a.example does not offer the service");
    EXPECT_EQ(internet.times_asked("SRV _matrix._tcp.a.example"), 0U);
}

TEST_F(services_test, records_that_lead_nowhere_are_left_out) {
    internet.hosts.insert_or_assign("c.example", std::vector<std::string>{"5.0.0.3"});
    services({{0, 0, 1, ""},
              {1, 0, 0, "c.example"},
              {1, 0, 2, "b b"},
              {1, 0, 2, "c.example:9"},
              {2, 0, 3, "c.example"}});
    EXPECT_EQ(route("a.example"), "5.0.0.3:3 host=a.example tls=a.example");
    services({{1, 0, 0, "c.example"}, {1, 0, 2, "\r\n"}});
    pass(base::limits::route_keep);
    EXPECT_EQ(route("a.example"),
              "_matrix-fed._tcp.a.example has no SRV record that leads anywhere");
}

TEST_F(services_test, only_ten_targets_are_looked_up) {
    std::vector<ports::service_record> many;
    for (std::uint16_t i = 1; i <= 500; ++i) {
        many.push_back({i, 0, i, "t" + std::to_string(i) + ".example"});
    }
    services(std::move(many));
    internet.hosts.insert_or_assign("t10.example", std::vector<std::string>{"5.0.0.10"});
    internet.hosts.insert_or_assign("t11.example", std::vector<std::string>{"5.0.0.11"});
    const auto before = reached("discovery_targets");
    EXPECT_EQ(route("a.example"), "5.0.0.10:10 host=a.example tls=a.example");
    EXPECT_EQ(internet.times_asked("A t11.example"), 0U);
    EXPECT_EQ(reached("discovery_targets"), before + 1);
}

}  // namespace
}  // namespace porchlight::federation
