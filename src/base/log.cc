#include "base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "base/assert.h"
#include "base/limits.h"
#include "base/log_line.h"
#include "base/metrics.h"

namespace porchlight::base::log {
namespace {

metrics::counter lines_dropped{"porchlight_log_lines_dropped_total",
                               "Log lines lost because the log queue was full."};

// Whole lines to descriptor 2, from the writer thread alone. Unlike stdio it survives a signal in
// the middle of a write, and a reader of stderr that went away costs lines, not the server.
class stderr_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  protected:
    void sink_it_(const spdlog::details::log_msg& msg) override {
        spdlog::memory_buf_t line;
        formatter_->format(msg, line);
        const char* next = line.data();
        std::size_t left = line.size();
        while (left > 0) {
            const ssize_t written = ::write(STDERR_FILENO, next, left);
            if (written < 0 && errno == EINTR) {
                continue;
            }
            if (written <= 0) {
                return;
            }
            next += written;
            left -= static_cast<std::size_t>(written);
        }
    }
    void flush_() override {}
};

struct writer {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
    bool json = false;
    std::uint64_t dropped_seen = 0;
};

std::atomic<level> least_level{level::info};
std::shared_mutex writer_mutex;  // held shared by every line, alone by start and stop
std::mutex dropped_mutex;
std::unique_ptr<writer> current;

void count_dropped(writer& w) {
    const std::scoped_lock lock{dropped_mutex};
    const std::uint64_t dropped = w.pool->overrun_counter();
    lines_dropped.add(dropped - w.dropped_seen);
    w.dropped_seen = dropped;
}

}  // namespace

void start(const settings& s) {
    const std::unique_lock lock{writer_mutex};
    ASSERT(current == nullptr);
    auto made = std::make_unique<writer>();
    made->json = s.json;
    made->pool = std::make_shared<spdlog::details::thread_pool>(limits::log_queue_max, 1);
    made->logger = std::make_shared<spdlog::async_logger>(
        "porchlight", std::make_shared<stderr_sink>(), made->pool,
        spdlog::async_overflow_policy::overrun_oldest);
    made->logger->set_level(spdlog::level::trace);
    made->logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        s.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc, "\n"));
    least_level = s.least;
    current = std::move(made);
}

void set_level(level least) {
    least_level = least;
}

void stop() {
    const std::unique_lock lock{writer_mutex};
    if (!current) {
        return;
    }
    // Ending the pool waits for a place in the queue and for all that stands in it, so from here on
    // nothing is lost any more. The logger goes after the thread that writes its lines.
    count_dropped(*current);
    current->pool.reset();
    current->logger.reset();
    current.reset();
}

void write(level l, std::string_view area, std::string_view message,
           std::initializer_list<field> fields) {
    if (l < least_level.load(std::memory_order_relaxed)) {
        return;
    }
    const std::shared_lock lock{writer_mutex};
    if (!current) {
        return;
    }
    const std::span<const field> all{fields.begin(), fields.size()};
    const std::string line =
        current->json ? json_line(l, area, message, all) : text_line(l, area, message, all);
    current->logger->log(spdlog::level::info, spdlog::string_view_t{line});
    if (current->pool->queue_size() >= limits::log_queue_max / 2) {
        count_dropped(*current);
    }
}

}  // namespace porchlight::base::log
