#include "net/event_loop.h"

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <utility>

#include "base/assert.h"

namespace porchlight::net {
namespace asio = boost::asio;
namespace {

constexpr int ready_per_round = 256;         // then tasks and timers have their turn
constexpr std::size_t operation_bytes = 96;  // what a wait takes in Asio 1.81, rounded up

// Memory for one reactor operation. Asio takes it when a wait is armed and gives it back before
// the handler runs, so an armed wait allocates nothing.
class operation_slot {
  public:
    void* take(std::size_t size) {
        ASSERT(!taken_ && size <= sizeof bytes_);
        taken_ = true;
        return bytes_.data();
    }
    void give_back() { taken_ = false; }

  private:
    alignas(std::max_align_t) std::array<std::byte, operation_bytes> bytes_;
    bool taken_ = false;
};

template <class T>
struct slot_allocator {
    using value_type = T;
    operation_slot* slot;

    explicit slot_allocator(operation_slot* s) : slot(s) {}
    template <class U>
    slot_allocator(const slot_allocator<U>& other) : slot(other.slot) {}
    T* allocate(std::size_t n) { return static_cast<T*>(slot->take(n * sizeof(T))); }
    void deallocate(T*, std::size_t) { slot->give_back(); }
    template <class U>
    bool operator==(const slot_allocator<U>& other) const {
        return slot == other.slot;
    }
};

using descriptor_type = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

}  // namespace

class event_loop::watch {
  public:
    watch(asio::io_context& context, int descriptor, watcher& w)
        : descriptor_(context, descriptor), watcher_(&w) {}

    void arm_read() {
        if (!std::exchange(reading_, true)) {
            descriptor_.async_wait(descriptor_type::wait_read, read_handler{this});
        }
    }
    void arm_write() {
        if (!std::exchange(writing_, true)) {
            descriptor_.async_wait(descriptor_type::wait_write, write_handler{this});
        }
    }
    // True when no operation refers to this any more.
    bool close() {
        watcher_ = nullptr;
        boost::system::error_code ignored;
        descriptor_.close(ignored);
        return unused();
    }
    bool unused() const { return !reading_ && !writing_; }

  private:
    struct read_handler {
        watch* self;
        using allocator_type = slot_allocator<void*>;
        allocator_type get_allocator() const { return allocator_type(&self->read_slot_); }
        void operator()(const boost::system::error_code&) const { self->readable(); }
    };
    struct write_handler {  // rare: only for peers that are slower than we; Asio allocates
        watch* self;
        void operator()(const boost::system::error_code&) const { self->writable(); }
    };
    void readable() {
        reading_ = false;
        if (watcher_ != nullptr) {
            watcher_->on_readable();
        } else if (unused()) {
            delete this;
        }
    }
    void writable() {
        writing_ = false;
        if (watcher_ != nullptr) {
            watcher_->on_writable();
        } else if (unused()) {
            delete this;
        }
    }

    descriptor_type descriptor_;
    operation_slot read_slot_;
    bool reading_ = false, writing_ = false;
    watcher* watcher_;
};

struct event_loop::impl {
    // One thread uses it, and nothing from outside: wake-ups come through a watched eventfd.
    asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

event_loop::event_loop() : impl_(std::make_unique<impl>()) {}

event_loop::~event_loop() {
    // Watches that were removed while armed wait for their cancelled operations.
    while (impl_->context.poll() > 0) {
    }
}

event_loop::watch* event_loop::add(int descriptor, watcher& w) {
    return new watch(impl_->context, descriptor, w);
}

void event_loop::arm_read(watch* w) {
    w->arm_read();
}

void event_loop::arm_write(watch* w) {
    w->arm_write();
}

void event_loop::remove(watch* w) {
    if (w->close()) {
        delete w;
    }
}

void event_loop::run_once(std::optional<base::milliseconds> wait) {
    auto& context = impl_->context;
    const bool at_once = wait && wait->count() <= 0;
    std::size_t handled = 0;
    if (at_once) {
        handled = context.poll_one();
    } else if (wait) {
        handled = context.run_one_for(*wait);
    } else {
        handled = context.run_one();
    }
    for (int i = 0; handled > 0 && i < ready_per_round; ++i) {
        handled = context.poll_one();
    }
}

std::size_t event_loop::bytes_per_watch() {
    return sizeof(watch) + sizeof(asio::detail::epoll_reactor::descriptor_state);
}

}  // namespace porchlight::net
