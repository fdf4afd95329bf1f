#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "net/metrics.h"
#include "unit/net/freed_by.h"
#include "unit/net/test_certificate.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

using cert_ptr = std::unique_ptr<X509, freed_by<X509_free>>;

settings with(const certificate& c) {
    settings s;
    s.listen.push_back({"127.0.0.1", 0, c.cert_file(), c.key_file()});
    return s;
}

// A blocking TLS client that believes anyone.
class tls_client {
  public:
    explicit tls_client(test_client&& socket, int version_max = 0)
        : socket_(std::move(socket)), context_(SSL_CTX_new(TLS_client_method())) {
        if (version_max != 0) {
            SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(context_.get(), version_max);
            SSL_CTX_set_security_level(context_.get(), 0);
        }
        tls_.reset(SSL_new(context_.get()));
        SSL_set_fd(tls_.get(), socket_.descriptor());
        connected_ = SSL_connect(tls_.get()) == 1;
    }
    bool connected() const { return connected_; }
    std::string version() const { return SSL_get_version(tls_.get()); }
    std::string server_name() const {
        const cert_ptr cert(SSL_get1_peer_certificate(tls_.get()));
        std::array<char, 100> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert.get()), NID_commonName, name.data(),
                                  name.size());
        return name.data();
    }
    void send(std::string_view bytes) {
        SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
    }
    // Bytes until `size` are there or the connection ends.
    std::string read(std::size_t size) {
        std::string all;
        std::array<char, 16384> bytes;
        while (all.size() < size) {
            const auto n = SSL_read(tls_.get(), bytes.data(), bytes.size());
            if (n <= 0) {
                break;
            }
            all.append(bytes.data(), static_cast<std::size_t>(n));
        }
        return all;
    }
    std::string ask(std::string_view request, std::string_view ending) {
        send(request);
        std::string all;
        while (!all.ends_with(ending)) {
            const auto more = read(1);
            if (more.empty()) {
                break;
            }
            all += more;
        }
        return all;
    }
    void end() { SSL_shutdown(tls_.get()); }
    test_client& socket() { return socket_; }

  private:
    test_client socket_;
    std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, freed_by<SSL_free>> tls_;
    bool connected_ = false;
};

TEST(tls, carries_requests_and_answers) {
    const certificate cert("one");
    test_server server(with(cert));
    EXPECT_TRUE(server.runtime().bound().front().tls);
    tls_client client(server.client());
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.version(), "TLSv1.3");
    EXPECT_TRUE(client.ask(get("/a"), "GET /a? ").starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(client.ask(get("/b"), "GET /b? ").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(tls, carries_large_bodies_both_ways) {
    const certificate cert("one");
    test_server server(with(cert));
    tls_client client(server.client());
    const std::string body(1000 * 1000, 'x');
    const auto ending = "PUT /big? " + body;
    EXPECT_TRUE(client.ask(put("/big", body), ending).ends_with(ending));
}

TEST(tls, carries_an_answer_larger_than_the_sockets_buffers) {
    const certificate cert("one");
    test_server server(with(cert));
    tls_client client(server.client());
    client.send(get("/park"));
    const std::string body(7 * 1024 * 1024, 'x');
    server.answer(server.wait_for_request().handle, body);
    server.on_thread(0, [] {});
    EXPECT_GT(client.read(body.size() + 200).size(), body.size());
}

TEST(tls, speaks_1_2_and_nothing_older) {
    const certificate cert("one");
    test_server server(with(cert));
    EXPECT_EQ(tls_client(server.client(), TLS1_2_VERSION).version(), "TLSv1.2");
    EXPECT_FALSE(tls_client(server.client(), TLS1_1_VERSION).connected());
    EXPECT_TRUE(tls_client(server.client()).connected());
}

TEST(tls, sees_a_client_go_away_while_parked) {
    const certificate cert("one");
    test_server server(with(cert));
    tls_client ends(server.client()), vanishes(server.client());
    ends.send(get("/park"));
    const auto first = server.wait_for_request(1).handle;
    ends.end();
    EXPECT_EQ(server.wait_for_gone(1), first);
    vanishes.send(get("/park"));
    const auto second = server.wait_for_request(2).handle;
    vanishes.socket().close(true);
    EXPECT_EQ(server.wait_for_gone(2), second);
}

TEST(tls, holds_back_what_was_sent_ahead) {
    const certificate cert("one");
    test_server server(with(cert));
    tls_client client(server.client());
    client.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    client.send(get("/2"));
    server.answer(h, "one");
    const auto both = client.ask("", "GET /2? ");
    EXPECT_NE(both.find("\r\n\r\none"), std::string::npos);
}

// What arrives at once is a little more than the server's scratch holds, so that the end of the
// last record stays inside OpenSSL while the socket has nothing more.
TEST(tls, leaves_nothing_behind_that_was_read_off_the_socket) {
    constexpr std::size_t scratch = 64 * 1024;
    const certificate cert("one");
    test_server server(with(cert));
    tls_client client(server.client());
    // TCP's window starts smaller than that, and grows with what is sent.
    const std::string body(1000 * 1000, 'x');
    EXPECT_FALSE(client.ask(put("/first", body), body).empty());
    std::promise<void> standing_still, sent;
    server.runtime().post(0, [&standing_still, all = sent.get_future().share()] {
        standing_still.set_value();
        all.wait();
    });
    standing_still.get_future().wait();
    client.send(get("/small"));
    std::string requests;
    while (requests.size() < scratch - 8000) {
        requests += get("/" + std::string(5000, 'x'));
    }
    const auto last = "/last" + std::string(scratch - requests.size() - get("/last").size(), 'x');
    client.send(requests + get(last));
    sent.set_value();
    EXPECT_TRUE(client.ask("", "GET " + last + "? ").ends_with("GET " + last + "? "));
}

TEST(tls, a_client_that_speaks_plain_http_is_closed) {
    const certificate cert("one");
    test_server server(with(cert));
    auto client = server.client();
    client.send(get("/"));
    client.receive_all();
    EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(tls, a_handshake_that_does_not_go_on_is_closed) {
    const certificate cert("one");
    test_server server(with(cert));
    auto client = server.client();
    client.send("\x16\x03\x01");
    ASSERT_TRUE(server.wait_for_connections(1));
    server.on_thread(0, [] {});
    server.pass(base::limits::head_deadline);
    EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(tls, takes_a_new_certificate_on_reload_and_keeps_the_old_one_if_it_is_bad) {
    const certificate cert("old");
    test_server server(with(cert));
    tls_client before(server.client());
    EXPECT_EQ(before.server_name(), "old");
    cert.write("new");
    EXPECT_EQ(server.runtime().reload_tls(), std::nullopt);
    EXPECT_EQ(tls_client(server.client()).server_name(), "new");
    std::filesystem::resize_file(cert.key_file(), 10);
    const auto error = server.runtime().reload_tls();
    ASSERT_TRUE(error);
    EXPECT_NE(error->find(cert.key_file()), std::string::npos) << *error;
    EXPECT_EQ(tls_client(server.client()).server_name(), "new");
    EXPECT_FALSE(before.ask(get("/a"), "GET /a? ").empty()) << "older connections go on";
}

TEST(tls, stands_beside_plain_http) {
    const certificate cert("one");
    auto s = with(cert);
    s.listen.push_back({});
    test_server server(s);
    EXPECT_TRUE(tls_client(server.client()).connected());
    EXPECT_EQ(test_client(server.runtime().bound().at(1).port).ask(get("/"))->status, 200);
}

}  // namespace
}  // namespace porchlight::net::test
