#include "unit/net/test_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
constexpr auto broken_after = 20s;
}  // namespace

settings test_server::loopback(settings s) {
    if (s.listen.empty()) {
        s.listen.push_back({});
    }
    return s;
}

test_server::test_server(settings s)
    : runtime_(std::make_unique<net::runtime>(loopback(std::move(s)), clock_)) {
    runtime_->start(*this);
}

test_server::~test_server() {
    runtime_->stop();
}

void test_server::pass(base::milliseconds time) {
    all_threads_notice();
    clock_.advance(time);
    all_threads_notice();
}

void test_server::all_threads_notice() {
    for (std::uint32_t n = 0; n < runtime_->thread_count(); ++n) {
        on_thread(n, [] {});
    }
}

void test_server::on_thread(std::uint32_t thread, ports::task f) {
    std::promise<void> done;
    runtime_->post(thread, [&] {
        f();
        done.set_value();
    });
    ASSERT_EQ(done.get_future().wait_for(broken_after), std::future_status::ready);
}

seen_request test_server::wait_for_request(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, broken_after, [&] { return requests_.size() >= count; })) {
        ADD_FAILURE() << "only " << requests_.size() << " requests came";
        return {};
    }
    return requests_.back();
}

std::vector<seen_request> test_server::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

ports::http_handle test_server::wait_for_gone(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, broken_after, [&] { return gone_.size() >= count; })) {
        ADD_FAILURE() << "only " << gone_.size() << " clients went away";
        return {};
    }
    return gone_.back();
}

std::size_t test_server::gone_count() {
    const std::lock_guard lock(mutex_);
    return gone_.size();
}

bool test_server::wait_for_connections(std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + broken_after;
    while (runtime_->open_connections() != count) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

void test_server::answer(const ports::http_handle& h, std::string body) {
    ports::http_response r;
    r.body = std::move(body);
    runtime_->respond(h, std::move(r));
}

void test_server::on_request(const ports::http_request& r) {
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back({r.handle, std::string(r.method), std::string(r.path),
                             std::string(r.query), std::string(r.authorization),
                             std::string(r.content_type), std::string(r.body),
                             std::string(r.peer_address), r.listener});
    }
    changed_.notify_all();
    if (!r.path.starts_with("/park")) {
        answer(r.handle, std::string(r.method) + " " + std::string(r.path) + "?" +
                             std::string(r.query) + " " + std::string(r.body));
    }
}

void test_server::on_gone(ports::http_handle h) {
    {
        const std::lock_guard lock(mutex_);
        gone_.push_back(h);
    }
    changed_.notify_all();
}

ports::body_permit test_server::long_body(std::string_view, std::string_view target,
                                          std::string_view) {
    if (target.starts_with("/upload")) {
        return {.bytes_max = 5000};
    }
    return target.starts_with("/locked") ? ports::body_permit{0, 401, "M_MISSING_TOKEN", "Who?"}
                                         : ports::body_permit{};
}

}  // namespace porchlight::net::test
