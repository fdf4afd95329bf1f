#include "person/watch/boot_clock.h"

#include <time.h>

namespace porchlight::person {

namespace {

base::milliseconds read(clockid_t which) {
    timespec t{};
    ::clock_gettime(which, &t);
    return std::chrono::seconds{t.tv_sec} +
           std::chrono::duration_cast<base::milliseconds>(std::chrono::nanoseconds{t.tv_nsec});
}

}  // namespace

base::instant boot_now() {
    return {base::mono_time{read(CLOCK_BOOTTIME)}, base::wall_time{read(CLOCK_REALTIME)}};
}

}  // namespace porchlight::person
