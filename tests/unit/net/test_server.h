#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/runtime.h"
#include "net/settings.h"
#include "unit/net/test_client.h"

namespace porchlight::net::test {

// Time that only the test moves.
class hand_clock final : public ports::clock {
  public:
    base::instant now() const override {
        const base::milliseconds ms{ms_.load()};
        return {base::mono_time{ms}, base::wall_time{ms}};
    }
    void advance(base::milliseconds by) { ms_ += by.count(); }

  private:
    std::atomic<std::int64_t> ms_{1'000'000};
};

// What a handler was given, kept.
struct seen_request {
    ports::http_handle handle;
    std::string method, path, query, authorization, content_type, body, peer_address;
    std::uint32_t listener = 0;
};

// A runtime with a handler that answers at once with what it saw ("METHOD path?query body"),
// except on /park..., where the test answers.
class test_server final : public ports::http_handler {
  public:
    explicit test_server(settings s = {});
    ~test_server() override;

    test_client client() const { return test_client(port()); }
    std::uint16_t port() const { return runtime_->bound().front().port; }
    net::runtime& runtime() { return *runtime_; }
    hand_clock& clock() { return clock_; }

    // Lets every thread finish what it does, moves the clock, and lets every thread notice.
    void pass(base::milliseconds time);
    // Runs `f` on net thread `thread` and waits for it.
    void on_thread(std::uint32_t thread, ports::task f);
    // Waits until as many requests were seen / went away; the newest.
    seen_request wait_for_request(std::size_t count = 1);
    std::vector<seen_request> requests();
    ports::http_handle wait_for_gone(std::size_t count = 1);
    std::size_t gone_count();
    // Waits until the server has just so many connections.
    bool wait_for_connections(std::size_t count);
    void answer(const ports::http_handle& h, std::string body);
    static settings loopback(settings s);

    // ports::http_handler
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle h) override;
    // /upload... may be 5,000 bytes long; /locked... is refused as not authorized.
    ports::body_permit long_body(std::string_view method, std::string_view target,
                                 std::string_view authorization) override;

  private:
    void all_threads_notice();

    hand_clock clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<seen_request> requests_;
    std::vector<ports::http_handle> gone_;
    std::unique_ptr<net::runtime> runtime_;
};

}  // namespace porchlight::net::test
