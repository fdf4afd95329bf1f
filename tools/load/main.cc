#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "load/endpoint.h"
#include "load/result.h"
#include "load/run.h"
#include "load/svg.h"

namespace {

using namespace porchlight::load;

volatile sig_atomic_t interrupts = 0;

// The first Ctrl-C ends the load early, the second one everything.
void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupts = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

std::chrono::milliseconds now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

void write_to_terminal(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

// Before the load: it would be a pity to find out after it. Throws failure.
void must_be_writable(const std::string& name) {
    if (!name.empty() && !std::ofstream(name, std::ios::app)) {
        throw failure("The file " + name + " cannot be written");
    }
}

void write_file(const std::string& name, const std::string& text) {
    if (!name.empty() && !(std::ofstream(name) << text)) {
        throw failure("The file " + name + " could not be written");
    }
}

int load(const settings& s) {
    must_be_writable(s.json_file);
    must_be_writable(s.svg_file);
    catch_interrupts();
    progress bar(write_to_terminal, ::isatty(STDERR_FILENO) == 1, now);
    const auto result = run_load(s, bar, [] { return interrupts != 0; });
    std::cout << to_table(result) << std::flush;
    write_file(s.json_file, boost::json::serialize(to_json(result)) + "\n");
    write_file(s.svg_file, latency_picture(result));
    return result.exit_status();
}

}  // namespace

int main(int argc, char** argv) {
    const auto parsed = parse_arguments(argc, argv, std::cout, std::cerr);
    if (const auto* status = std::get_if<int>(&parsed)) {
        return *status;
    }
    try {
        return load(std::get<settings>(parsed));
    } catch (const std::exception& e) {
        std::cerr << "porchlight-load: " << e.what() << "\n";
        return 3;
    }
}
