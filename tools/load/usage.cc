#include "load/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "load/endpoint.h"

namespace porchlight::load {

usage read_usage(std::span<const pid_t> processes) {
    usage sum;
    for (const auto pid : processes) {
        const auto folder = "/proc/" + std::to_string(pid);
        std::string stat;
        std::getline(std::ifstream(folder + "/stat"), stat);
        // The name, in brackets, may have anything in it; from there on fields are numbers
        // (proc(5)).
        const auto name_end = stat.rfind(')');
        if (name_end == std::string::npos) {
            throw failure("--pid: there is no process " + std::to_string(pid) + " whose " + folder +
                          " can be read");
        }
        std::istringstream fields(stat.substr(name_end + 1));
        std::string skipped;
        for (int i = 3; i < 14; ++i) {
            fields >> skipped;
        }
        std::uint64_t user = 0, kernel = 0, total_pages = 0, resident_pages = 0;
        fields >> user >> kernel;
        std::ifstream(folder + "/statm") >> total_pages >> resident_pages;
        sum.cpu_seconds +=
            static_cast<double>(user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
        sum.resident_bytes += resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    return sum;
}

double own_cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace porchlight::load
