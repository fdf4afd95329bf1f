#include "ports/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "net/client/outgoing.h"
#include "net/metrics.h"
#include "unit/net/client/name_server.h"
#include "unit/net/client/test_decider.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using ports::resolve_failure;
using ports::service_record;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using addresses = base::result<std::vector<std::string>, resolve_failure>;
using services = base::result<std::vector<service_record>, resolve_failure>;

outgoing_settings asking(const name_server& server) {
    outgoing_settings s;
    s.dns_servers = server.address();
    return s;
}

// The resolver, whose deciding thread is the test's.
class test_resolver {
  public:
    explicit test_resolver(const outgoing_settings& s) : client_(s, decider_) {}

    template <class Answer>
    using place = std::shared_ptr<std::optional<Answer>>;
    place<addresses> begin(const std::string& host) {
        auto at = std::make_shared<std::optional<addresses>>();
        client_.resolver().addresses(host, [at](addresses a) {
            EXPECT_FALSE(at->has_value()) << "answered twice";
            at->emplace(std::move(a));
        });
        EXPECT_FALSE(at->has_value()) << "answered inside the call";
        return at;
    }
    template <class Answer>
    Answer wait(const place<Answer>& at) {
        if (!decider_.run_until([&] { return at->has_value(); })) {
            ADD_FAILURE() << "no answer came";
            return resolve_failure{};
        }
        return **at;
    }
    addresses addresses_of(const std::string& host) { return wait(begin(host)); }
    services services_of(const std::string& name) {
        auto at = std::make_shared<std::optional<services>>();
        client_.resolver().services(name, [at](services s) { at->emplace(std::move(s)); });
        return wait(at);
    }
    outgoing& client() { return client_; }
    test_decider& decider() { return decider_; }

  private:
    test_decider decider_;
    outgoing client_;
};

TEST(resolver, finds_addresses_of_both_kinds) {
    name_server server;
    server.add_address("example.org", "192.0.2.1");
    server.add_address("example.org", "192.0.2.2");
    server.add_address("example.org", "2001:db8::1");
    test_resolver names(asking(server));
    const auto a = names.addresses_of("example.org");
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_THAT(*a, UnorderedElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1"));
}

TEST(resolver, one_kind_of_address_is_enough) {
    name_server server;
    server.add_address("four.example.org", "192.0.2.1");
    server.add_address("six.example.org", "2001:db8::1");
    test_resolver names(asking(server));
    EXPECT_THAT(*names.addresses_of("four.example.org"), ElementsAre("192.0.2.1"));
    EXPECT_THAT(*names.addresses_of("six.example.org"), ElementsAre("2001:db8::1"));
}

TEST(resolver, a_name_that_does_not_exist_has_no_addresses) {
    name_server server;
    ::setenv("LOCALDOMAIN", "example.com", 1);  // a search domain of the machine
    test_resolver names(asking(server));
    ::unsetenv("LOCALDOMAIN");
    const auto a = names.addresses_of("nowhere.example.org");
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_THAT(*a, IsEmpty());
    EXPECT_EQ(server.questions(), 2) << "and is looked for in no other domain";
}

TEST(resolver, nor_has_one_that_has_only_other_records) {
    name_server server;
    server.add_service("example.org", {1, 2, 3, "target.example.org"});
    test_resolver names(asking(server));
    const auto a = names.addresses_of("example.org");
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_THAT(*a, IsEmpty());
}

TEST(resolver, a_name_server_that_fails_is_a_failure) {
    name_server server;
    server.fail("example.org", 2);
    test_resolver names(asking(server));
    const auto a = names.addresses_of("example.org");
    ASSERT_TRUE(a.has_error());
    EXPECT_THAT(a.error().sentence, HasSubstr("looking up example.org: "));
    EXPECT_TRUE(names.services_of("example.org").has_error());
}

TEST(resolver, asks_again_when_no_answer_comes_and_then_gives_up) {
    name_server server;
    server.ignore("example.org");
    auto s = asking(server);
    s.limits.lookup_try_max = 20ms;
    test_resolver names(s);
    const auto a = names.addresses_of("example.org");
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().sentence, "looking up example.org: Timeout while contacting DNS servers");
    EXPECT_EQ(server.questions(), 2 * base::limits::lookup_tries_max);
}

TEST(resolver, gives_up_in_time_however_patient_it_would_be) {
    name_server server;
    server.ignore("example.org");
    auto s = asking(server);
    s.limits.lookup_max = 20ms;
    test_resolver names(s);
    const auto a = names.addresses_of("example.org");
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().sentence,
              "looking up example.org: no answer of a name server within 20 ms");
}

TEST(resolver, more_lookups_than_may_be_under_way_fail_at_once) {
    name_server server;
    server.ignore("slow.example.org");
    server.add_address("quick.example.org", "192.0.2.1");
    auto s = asking(server);
    s.limits.lookups_max = 1;
    s.limits.lookup_try_max = 20ms;
    test_resolver names(s);
    const auto counted = metrics::client_lookups.value();
    const auto slow = names.begin("slow.example.org");
    const auto a = names.addresses_of("quick.example.org");
    ASSERT_TRUE(a.has_error());
    EXPECT_THAT(a.error().sentence, HasSubstr("1 names are being looked up already"));
    EXPECT_EQ(metrics::client_lookups.value(), counted + 1);
    EXPECT_TRUE(names.wait(slow).has_error());
    EXPECT_TRUE(names.addresses_of("quick.example.org").has_value()) << "there is room again";
}

TEST(resolver, hosts_files_count) {
    name_server server;
    test_resolver names(asking(server));
    const auto a = names.addresses_of("localhost");
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_THAT(*a, Contains("127.0.0.1"));
    EXPECT_EQ(server.questions(), 0);
}

TEST(resolver, an_address_is_its_own) {
    name_server server;
    test_resolver names(asking(server));
    EXPECT_THAT(*names.addresses_of("192.0.2.1"), ElementsAre("192.0.2.1"));
    EXPECT_THAT(*names.addresses_of("2001:db8::1"), ElementsAre("2001:db8::1"));
    EXPECT_THAT(*names.addresses_of("[::1]"), ElementsAre("::1"));
    EXPECT_EQ(server.questions(), 0);
}

TEST(resolver, finds_services) {
    name_server server;
    server.add_service("_matrix-fed._tcp.example.org", {10, 5, 8448, "one.example.org"});
    server.add_service("_matrix-fed._tcp.example.org", {20, 0, 443, "two.example.org"});
    test_resolver names(asking(server));
    auto found = names.services_of("_matrix-fed._tcp.example.org");
    ASSERT_TRUE(found.has_value()) << found.error().sentence;
    ASSERT_EQ(found->size(), 2);
    std::sort(found->begin(), found->end(),
              [](const auto& a, const auto& b) { return a.priority < b.priority; });
    EXPECT_EQ(found->at(0).priority, 10);
    EXPECT_EQ(found->at(0).weight, 5);
    EXPECT_EQ(found->at(0).port, 8448);
    EXPECT_EQ(found->at(0).target, "one.example.org");
    EXPECT_EQ(found->at(1).port, 443);
    EXPECT_EQ(found->at(1).target, "two.example.org");
}

TEST(resolver, a_service_that_is_not_offered_has_no_target) {
    name_server server;
    server.add_service("_matrix-fed._tcp.example.org", {0, 0, 0, ""});
    test_resolver names(asking(server));
    const auto found = names.services_of("_matrix-fed._tcp.example.org");
    ASSERT_TRUE(found.has_value()) << found.error().sentence;
    ASSERT_EQ(found->size(), 1);
    EXPECT_EQ(found->at(0).target, "");
}

TEST(resolver, a_name_without_services_has_none) {
    name_server server;
    server.add_address("example.org", "192.0.2.1");
    test_resolver names(asking(server));
    EXPECT_THAT(*names.services_of("_matrix-fed._tcp.example.org"), IsEmpty());
    EXPECT_THAT(*names.services_of("example.org"), IsEmpty());
}

TEST(resolver, a_record_that_makes_no_sense_is_a_failure) {
    name_server server;
    server.add_raw_service("_matrix-fed._tcp.example.org", "abc");
    test_resolver names(asking(server));
    EXPECT_TRUE(names.services_of("_matrix-fed._tcp.example.org").has_error());
}

TEST(resolver, a_name_that_can_not_be_asked_for_is_a_failure) {
    name_server server;
    test_resolver names(asking(server));
    EXPECT_TRUE(names.addresses_of(std::string(64, 'x') + ".example.org").has_error());
    EXPECT_TRUE(names.services_of(std::string(300, 'x')).has_error());
}

TEST(resolver, many_names_are_looked_up_at_once) {
    constexpr std::size_t many = 100;
    name_server server;
    for (std::size_t n = 0; n < many; ++n) {
        server.add_address(std::to_string(n) + ".example.org", "192.0.2." + std::to_string(n));
    }
    test_resolver names(asking(server));
    std::vector<test_resolver::place<addresses>> places;
    for (std::size_t n = 0; n < many; ++n) {
        places.push_back(names.begin(std::to_string(n) + ".example.org"));
    }
    for (std::size_t n = 0; n < many; ++n) {
        const auto a = names.wait(places[n]);
        ASSERT_TRUE(a.has_value()) << a.error().sentence;
        EXPECT_THAT(*a, ElementsAre("192.0.2." + std::to_string(n)));
    }
}

TEST(resolver, stop_drops_what_is_under_way) {
    name_server server;
    server.ignore("example.org");
    test_resolver names(asking(server));
    const auto told = names.begin("example.org");
    ASSERT_TRUE(server.wait_for_questions(2));
    names.client().stop();
    EXPECT_EQ(told.use_count(), 1) << "the callback is destroyed";
    EXPECT_FALSE(names.begin("example.org")->has_value());
    names.decider().run_posted();
    EXPECT_FALSE(told->has_value());
}

TEST(resolver, does_not_start_with_name_servers_that_make_no_sense) {
    test_decider decider;
    outgoing_settings s;
    s.dns_servers = "name.example.org:53";
    try {
        const outgoing client(s, decider);
        FAIL() << "it started";
    } catch (const start_error& e) {
        EXPECT_THAT(e.what(), HasSubstr("name.example.org:53"));
    }
}

}  // namespace
}  // namespace porchlight::net::test
