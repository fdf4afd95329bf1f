#include "net/event_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace porchlight::net {
namespace {

// After these tasks and timers have their turn.
constexpr int ready_per_round = 256, further_rounds_max = 3;

}  // namespace

// The kernel is told of a wish only when it does not know it yet, and that a wish is gone only once
// an event came that nobody waits for. So a connection that is read, answered and read again costs
// no call beside those.
class event_loop::watch {
  public:
    watch(int set, int descriptor, watcher& w) : watcher_(&w), set_(set), descriptor_(descriptor) {}
    ~watch() { ASSERT(watcher_ == nullptr); }
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    void arm(std::uint32_t event) {
        armed_ |= event;
        if ((known_ & event) == 0) {
            tell_kernel(known_ | event);
        }
    }
    void close() {
        tell_kernel(0);
        ::close(descriptor_);
        watcher_ = nullptr;
    }
    // What happened, once each; the watcher may close this meanwhile.
    void happened(std::uint32_t events) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            events |= EPOLLIN | EPOLLOUT;  // whoever waits finds out by trying
        }
        const auto awaited = events & armed_;
        if (watcher_ != nullptr && awaited == 0) {
            return tell_kernel(armed_);
        }
        if (watcher_ != nullptr && (awaited & EPOLLOUT) != 0) {
            armed_ &= ~std::uint32_t{EPOLLOUT};
            watcher_->on_writable();
        }
        if (watcher_ != nullptr && (awaited & EPOLLIN) != 0) {
            armed_ &= ~std::uint32_t{EPOLLIN};
            watcher_->on_readable();
        }
    }

  private:
    // Errors are reported even to who asked for no event, so that one is taken off the set.
    void tell_kernel(std::uint32_t events) {
        if (events == known_) {
            return;
        }
        epoll_event wish{};
        wish.events = events;
        wish.data.ptr = this;
        const int how = known_ == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        ASSERT(::epoll_ctl(set_, how, descriptor_, &wish) == 0);
        known_ = events;
    }

    watcher* watcher_;  // null: closed
    const int set_, descriptor_;
    std::uint32_t armed_ = 0, known_ = 0;  // EPOLLIN, EPOLLOUT: awaited; known to the kernel
};

struct event_loop::impl {
    impl() { ASSERT(set >= 0); }
    ~impl() { ::close(set); }
    // Waits (milliseconds; -1: for ever), handles what is ready then; false: nothing was.
    bool handle_ready(int milliseconds) {
        std::array<epoll_event, ready_per_round> ready;
        const int count = ::epoll_wait(set, ready.data(), ready_per_round, milliseconds);
        ASSERT(count >= 0 || errno == EINTR);
        for (int i = 0; i < count; ++i) {
            const auto& event = ready[static_cast<std::size_t>(i)];
            static_cast<watch*>(event.data.ptr)->happened(event.events);
        }
        removed.clear();
        return count > 0;
    }

    const int set = ::epoll_create1(EPOLL_CLOEXEC);
    // Events of the round under way may still name them.
    std::vector<std::unique_ptr<watch>> removed;
};

event_loop::event_loop() : impl_(std::make_unique<impl>()) {}

event_loop::~event_loop() = default;

event_loop::watch* event_loop::add(int descriptor, watcher& w) {
    return new watch(impl_->set, descriptor, w);
}

void event_loop::arm_read(watch* w) {
    w->arm(EPOLLIN);
}

void event_loop::arm_write(watch* w) {
    w->arm(EPOLLOUT);
}

void event_loop::remove(watch* w) {
    w->close();
    impl_->removed.emplace_back(w);
}

void event_loop::run_once(std::optional<base::milliseconds> wait) {
    using rep = base::milliseconds::rep;
    constexpr rep longest = std::numeric_limits<int>::max();
    const int milliseconds =
        wait ? static_cast<int>(std::clamp<rep>(wait->count(), 0, longest)) : -1;
    bool more = impl_->handle_ready(milliseconds);
    // What came before a task was posted is seen before that task runs.
    for (int i = 0; more && i < further_rounds_max; ++i) {
        more = impl_->handle_ready(0);
    }
}

std::size_t event_loop::bytes_per_watch() {
    return sizeof(watch);
}

}  // namespace porchlight::net
