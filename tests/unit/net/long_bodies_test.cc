#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <mutex>

#include "net/metrics.h"
#include "unit/net/test_server.h"

// Bodies above the usual limit, in both directions.
namespace porchlight::net::test {
namespace {

settings small() {
    settings s;
    s.limits.body_bytes_max = 1000;
    return s;
}

std::string head(std::string_view path, std::string_view more) {
    return "PUT " + std::string{path} + " HTTP/1.1\r\nHost: t\r\n" + std::string{more} + "\r\n";
}
std::string length(std::size_t n) {
    return "Content-Length: " + std::to_string(n) + "\r\n";
}
std::string chunk(std::size_t bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes);
    return size + std::string(bytes, 'c') + "\r\n";
}

TEST(long_bodies, come_in_where_the_handler_permits_them) {
    test_server server(small());
    const auto r = server.client().ask(put("/upload", std::string(5000, 'x')));
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 200);
    EXPECT_EQ(server.wait_for_request().body, std::string(5000, 'x'));
    EXPECT_EQ(server.client().ask(put("/other", std::string(1000, 'x')))->status, 200);
}

TEST(long_bodies, are_refused_before_they_are_read) {
    test_server server(small());
    const auto reached = metrics::body_bytes.value();
    for (const auto& [path, bytes, status] :
         {std::tuple{"/upload", 5001, 413}, {"/other", 1001, 413}, {"/locked", 1001, 401}}) {
        auto client = server.client();
        const auto r = client.ask(head(path, length(static_cast<std::size_t>(bytes))));
        ASSERT_TRUE(r) << path;
        EXPECT_EQ(r->status, status) << path;
        EXPECT_TRUE(client.closed_by_server());
    }
    EXPECT_EQ(metrics::body_bytes.value(), reached + 3);
    EXPECT_EQ(server.client().ask(put("/locked", "short"))->status, 200);
}

TEST(long_bodies, of_unknown_length_are_measured_as_they_come) {
    test_server server(small());
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const auto whole = chunk(2500) + chunk(2500) + "0\r\n\r\n";
    EXPECT_EQ(server.client().ask(head("/upload", chunked) + whole)->status, 200);
    EXPECT_EQ(server.wait_for_request().body.size(), 5000u);
    EXPECT_EQ(server.client().ask(head("/upload", chunked) + chunk(2500) + chunk(2501))->status,
              413);
    EXPECT_EQ(server.client().ask(head("/other", chunked) + chunk(1001))->status, 413);
    EXPECT_EQ(server.client().ask(head("/locked", chunked) + chunk(1001))->status, 413);
    EXPECT_EQ(server.client().ask(head("/other", chunked) + chunk(1000) + "0\r\n\r\n")->status,
              200);
}

TEST(long_bodies, may_take_as_long_as_their_length_allows) {
    auto s = small();
    s.limits.long_body_rate_min = 100;  // 5,000 bytes: 50 s more
    test_server server(s);
    auto client = server.client();
    client.send(head("/upload", length(5000)) + std::string(100, 'x'));
    server.pass(base::limits::body_deadline + std::chrono::seconds{49});
    client.send(std::string(4900, 'x'));
    EXPECT_EQ(client.receive()->status, 200);

    auto slow = server.client();
    slow.send(head("/upload", length(5000)) + std::string(100, 'x'));
    server.pass(base::limits::body_deadline + std::chrono::seconds{51});
    EXPECT_EQ(slow.receive()->status, 408);
}

// Whoever sends long bodies leaves room for those who don't.
TEST(long_bodies, have_a_share_of_the_budget) {
    auto s = small();
    s.limits.long_bodies_bytes_max = 6000;
    test_server server(s);
    const auto reached = metrics::long_bodies_bytes.value();
    auto first = server.client();
    first.send(head("/upload", length(5000)) + std::string(4000, 'x'));
    server.pass(base::milliseconds{1});
    auto second = server.client();
    const auto r = second.ask(head("/upload", length(5000)) + std::string(3000, 'x'));
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 503);
    EXPECT_EQ(metrics::long_bodies_bytes.value(), reached + 1);
    EXPECT_EQ(server.client().ask(put("/short", "x"))->status, 200);
    first.send(std::string(1000, 'x'));
    EXPECT_EQ(first.receive()->status, 200);
    // What was counted is given back.
    EXPECT_EQ(server.client().ask(put("/upload", std::string(5000, 'x')))->status, 200);
    auto gone = server.client();
    gone.send(head("/upload", length(5000)) + std::string(4000, 'x'));
    server.pass(base::milliseconds{1});
    gone.close(true);
    ASSERT_TRUE(server.wait_for_connections(2));
    EXPECT_EQ(server.client().ask(put("/upload", std::string(5000, 'x')))->status, 200);
}

// Pieces of which the test decides when they come.
class hand_rest final : public ports::body_rest {
  public:
    void next(piece done) override {
        const std::lock_guard lock(mutex_);
        if (pieces_.empty()) {
            waiting_ = std::move(done);
        } else {
            done(std::move(pieces_.front()));
            pieces_.pop_front();
        }
        ++asked;
    }
    void give(std::optional<std::string> p) {
        const std::lock_guard lock(mutex_);
        if (waiting_) {
            std::exchange(waiting_, nullptr)(std::move(p));
        } else {
            pieces_.push_back(std::move(p));
        }
    }
    std::atomic<int> asked{0};

  private:
    std::mutex mutex_;
    std::deque<std::optional<std::string>> pieces_;
    piece waiting_;
};

struct answer_in_pieces {
    explicit answer_in_pieces(std::uint64_t bytes, settings s = {}) : server(std::move(s)) {
        client.send(get("/park"));
        ports::http_response r;
        r.body = "begin,";
        r.content_type = {};
        r.headers.emplace_back("Content-Type", "text/plain");
        r.rest = rest;
        r.rest_bytes = bytes;
        server.runtime().respond(server.wait_for_request().handle, std::move(r));
    }
    test_server server;
    test_client client = server.client();
    std::shared_ptr<hand_rest> rest = std::make_shared<hand_rest>();
};

TEST(answers_in_pieces, come_whole_and_the_connection_goes_on) {
    answer_in_pieces a(13);
    a.rest->give("middle,");
    a.client.send(get("/next"));  // sent ahead, answered behind
    a.rest->give("theend");
    const auto r = a.client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, "begin,middle,theend");
    EXPECT_EQ(r->header("Content-Length"), "19");
    EXPECT_EQ(r->header("Content-Type"), "text/plain");
    EXPECT_EQ(a.rest->asked, 2);
    EXPECT_EQ(a.client.receive()->status, 200);
}

TEST(answers_in_pieces, that_fail_end_the_connection) {
    for (const std::optional<std::string>& bad :
         {std::optional<std::string>{}, std::optional<std::string>{""},
          std::optional<std::string>{"more than was promised"}}) {
        answer_in_pieces a(5);
        a.rest->give(bad);
        const auto all = a.client.receive_all();
        EXPECT_TRUE(all.ends_with("begin,")) << all;
    }
}

TEST(answers_in_pieces, that_never_come_end_the_connection) {
    answer_in_pieces a(5);
    while (a.rest->asked == 0) {
        a.server.pass(base::milliseconds{1});
    }
    a.server.pass(base::limits::send_stall_max);
    EXPECT_TRUE(a.client.receive_all().ends_with("begin,"));
    a.rest->give("late!");  // nobody is there
    a.server.pass(base::milliseconds{1});
}

TEST(answers_in_pieces, ask_no_faster_than_the_reader_reads) {
    answer_in_pieces a(64 * 1024 * 1024);
    const std::string megabyte(1024 * 1024, 'x');
    for (int i = 0; i < 64; ++i) {
        a.rest->give(megabyte);
    }
    int before = -1;
    while (a.rest->asked != before) {  // until the buffers of the kernel are full
        before = a.rest->asked;
        for (int i = 0; i < 20; ++i) {
            a.server.pass(base::milliseconds{0});
        }
    }
    EXPECT_LT(before, 32);
    const auto r = a.client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body.size(), 6 + 64 * megabyte.size());
}

TEST(answers_in_pieces, are_not_asked_for_by_a_head) {
    test_server server;
    auto client = server.client();
    client.send("HEAD /park HTTP/1.1\r\nHost: t\r\n\r\n");
    const auto rest = std::make_shared<hand_rest>();
    ports::http_response r;
    r.body = "begin,";
    r.rest = rest;
    r.rest_bytes = 10;
    server.runtime().respond(server.wait_for_request().handle, std::move(r));
    const auto got = client.receive(false);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->header("Content-Length"), "16");
    EXPECT_EQ(rest->asked, 0);
    EXPECT_EQ(client.ask(get("/next"))->status, 200);
}

}  // namespace
}  // namespace porchlight::net::test
