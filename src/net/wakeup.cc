#include "net/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/assert.h"

namespace porchlight::net {

wakeup::wakeup() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    ASSERT(descriptor_ >= 0);
}

wakeup::~wakeup() {
    ::close(descriptor_);
}

// Both sides write one variable and then read the other's. An exchange on each side puts these
// into one order, so at least one of them sees the other: the sleeper the work, or the waker the
// sleeper. (Exchanges rather than fences, which the thread sanitizer doesn't understand.)
void wakeup::about_to_sleep() {
    sleeping_.exchange(true, std::memory_order_seq_cst);
}

void wakeup::awake() {
    sleeping_.store(false, std::memory_order_relaxed);
}

void wakeup::clear() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(descriptor_, &count, sizeof count);
}

void wakeup::wake() {
    if (sleeping_.exchange(false, std::memory_order_seq_cst)) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto n = ::write(descriptor_, &one, sizeof one);
    }
}

}  // namespace porchlight::net
