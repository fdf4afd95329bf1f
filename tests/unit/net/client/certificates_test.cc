#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client/outgoing.h"
#include "unit/net/client/test_outgoing.h"
#include "unit/net/test_server.h"

// Who is believed to be whom.
namespace porchlight::net::test {
namespace {
using ports::client_error;
using ::testing::HasSubstr;

reaction answers(const heard_request&) {
    return {ok("hello")};
}

TEST(certificates, of_another_name_are_refused) {
    const certificate cert("other.example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    const auto a = client.ask(request_to(peer.port()));
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::certificate);
    EXPECT_EQ(a.error().sentence, "the certificate of example.org: hostname mismatch");
    EXPECT_TRUE(peer.heard().empty());
}

TEST(certificates, of_an_unknown_authority_are_refused) {
    const certificate cert("example.org"), unrelated("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(unrelated));
    const auto a = client.ask(request_to(peer.port()));
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::certificate);
    EXPECT_THAT(a.error().sentence, HasSubstr("the certificate of example.org: self-signed"));
    EXPECT_TRUE(peer.heard().empty());
}

TEST(certificates, are_held_against_the_systems_store_without_a_file) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(outgoing_settings{});
    EXPECT_EQ(client.ask(request_to(peer.port())).error().what, client_error::certificate);
}

TEST(certificates, of_anyone_will_do_when_they_are_not_verified) {
    const certificate cert("other.example.org");
    tls_peer peer(cert, answers);
    outgoing_settings s;
    s.verify_certificates = false;
    test_outgoing client(s);
    const auto a = client.ask(request_to(peer.port()));
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, "hello");
}

TEST(certificates, may_be_for_an_ip_address) {
    const certificate cert("127.0.0.1");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.tls_name = "127.0.0.1";
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(peer.heard().at(0).server_name, "") << "addresses are not sent as server name";
    r.tls_name = "127.0.0.2";
    EXPECT_EQ(client.ask(r).error().sentence, "the certificate of 127.0.0.2: IP address mismatch");
}

TEST(certificates, are_not_held_against_an_empty_name) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.tls_name = "";
    EXPECT_EQ(client.ask(r).error().what, client_error::certificate);
    EXPECT_EQ(peer.connections(), 0);
}

TEST(certificates, are_asked_of_a_server_without_tls_in_vain) {
    const certificate cert("example.org");
    test_server plain;
    test_outgoing client(believing(cert));
    const auto a = client.ask(request_to(plain.port()));
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::certificate);
    EXPECT_THAT(a.error().sentence, HasSubstr("TLS with 127.0.0.1 port "));
}

TEST(certificates, one_good_address_is_enough) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    settings other;
    const certificate wrong("other.example.org");
    other.listen.push_back({"127.0.0.2", peer.port(), wrong.cert_file(), wrong.key_file()});
    test_server server(other);
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.addresses = {"127.0.0.2", "127.0.0.1"};
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, "hello");
}

}  // namespace
}  // namespace porchlight::net::test
