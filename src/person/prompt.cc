#include "person/prompt.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <iostream>

#include "person/failure.h"

namespace porchlight::person {

namespace {

// For the signal handler, which can have no other.
termios with_echo{};

void echo_again(int signal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &with_echo);
    ::raise(signal);  // SA_RESETHAND: now as if there had been no handler
}

// No echo while it lives; Ctrl-C and the like don't leave the terminal mute.
class silence {
  public:
    silence() {
        tcgetattr(STDIN_FILENO, &with_echo);
        struct sigaction act {};
        act.sa_handler = echo_again;
        act.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &act, &before_[i]);
        }
        termios silent = with_echo;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ~silence() {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &with_echo);
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &before_[i], nullptr);
        }
        std::cerr << '\n';
    }
    silence(const silence&) = delete;
    silence& operator=(const silence&) = delete;

  private:
    static constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<struct sigaction, 4> before_{};
};

std::string read_line() {
    std::string line;
    if (!std::getline(std::cin, line)) {
        throw failed{"standard input ended before there was an answer"};
    }
    return line;
}

}  // namespace

std::string ask_line(const std::string& prompt) {
    if (::isatty(STDIN_FILENO) != 0) {
        std::cerr << prompt << std::flush;
    }
    return read_line();
}

std::string ask_password(const std::string& prompt) {
    if (::isatty(STDIN_FILENO) == 0) {
        return read_line();
    }
    const silence quiet;
    std::cerr << prompt << std::flush;
    return read_line();
}

}  // namespace porchlight::person
