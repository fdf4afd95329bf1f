// The yardstick's protocol served by the HTTP runtime, with the engine left out: what of a figure
// is the runtime's. Usage: runtime_server [BODY_BYTES [THREADS]]; prints "ready http://...".

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "net/real_clock.h"
#include "net/runtime.h"

namespace {

using namespace porchlight;

class long_poll_handler final : public ports::http_handler {
  public:
    long_poll_handler(net::runtime& runtime, std::size_t body_bytes)
        : runtime_(runtime), parked_(runtime.thread_count()) {
        answer_ = R"({"next_batch":"s1","x":")";
        answer_.resize(std::max(body_bytes, answer_.size() + 2) - 2, 'x');
        answer_ += "\"}";
    }

    void on_request(const ports::http_request& r) override {
        const auto at = r.query.find("timeout=");
        long timeout_ms = 0;
        if (at != std::string_view::npos) {
            std::from_chars(r.query.data() + at + 8, r.query.data() + r.query.size(), timeout_ms);
        }
        const auto h = r.handle;
        if (r.method == "PUT") {
            runtime_.respond_now({h, "{}"});
            runtime_.executor().post([this] { wake_all(); });
        } else if (timeout_ms > 0) {
            runtime_.executor().post([this, h] { parked_[h.thread].push_back(h); });
            // Stale if it was answered before, and then ignored.
            runtime_.executor().post([this, h, timeout_ms] {
                runtime_.executor().post_after(base::milliseconds(timeout_ms), [this, h] {
                    runtime_.post(h.thread, [this, h] { runtime_.respond_now({h, "{}"}); });
                });
            });
        } else {
            runtime_.respond_now({h, "{}"});
        }
    }
    void on_gone(ports::http_handle) override {}

  private:
    void wake_all() {
        for (std::uint32_t n = 0; n < parked_.size(); ++n) {
            runtime_.post(n, [this, woken = std::exchange(parked_[n], {})] {
                for (const auto& h : woken) {
                    runtime_.respond_now({h, answer_});
                }
            });
        }
    }

    net::runtime& runtime_;
    std::string answer_;
    std::vector<std::vector<ports::http_handle>> parked_;  // by thread
};

}  // namespace

int main(int argc, char** argv) {
    net::raise_open_file_limit();
    net::settings s;
    s.listen.emplace_back();
    s.threads = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    const net::real_clock clock;
    net::runtime runtime(s, clock);
    long_poll_handler handler(runtime,
                              argc > 1 ? static_cast<std::size_t>(std::atol(argv[1])) : 400);
    runtime.start(handler);
    std::printf("ready http://127.0.0.1:%u\n", runtime.bound().front().port);
    std::fflush(stdout);
    int signal = 0;
    ::sigwait(&ends, &signal);
    runtime.stop();
}
