#include "server/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace porchlight::server {

std::uint64_t resident_bytes() {
    std::ifstream in{"/proc/self/statm"};
    std::uint64_t total = 0, resident = 0;
    in >> total >> resident;
    return in ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

double cpu_seconds() {
    rusage u{};
    if (::getrusage(RUSAGE_SELF, &u) != 0) {
        return 0;
    }
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(u.ru_utime) + seconds(u.ru_stime);
}

}  // namespace porchlight::server
