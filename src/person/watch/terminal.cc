#include "person/watch/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace porchlight::person {

namespace {

// Alternate screen, no cursor, no wrapping at the edge; and back.
constexpr auto enter_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr auto leave_screen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace

terminal::terminal() : keys_(::isatty(STDIN_FILENO) != 0) {
    if (keys_) {
        keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    }
    enter();
}

terminal::~terminal() {
    leave();
}

void terminal::enter() {
    if (inside_) {
        return;
    }
    inside_ = true;
    if (keys_) {
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays a signal
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    shown_.clear();
    write_all(STDOUT_FILENO, enter_screen);
}

void terminal::leave() {
    if (!inside_) {
        return;
    }
    inside_ = false;
    write_all(STDOUT_FILENO, leave_screen);
    if (keys_) {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
}

screen_size terminal::size() const {
    winsize w{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0 || w.ws_row == 0) {
        return {};
    }
    return {w.ws_col, w.ws_row};
}

void terminal::show(const std::vector<std::string>& lines) {
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // Erased before, not behind: at the right edge that would take the last letter.
        text += "\x1b[2K" + lines[i] + (i + 1 < lines.size() ? "\r\n" : "");
    }
    if (text != shown_) {
        write_all(STDOUT_FILENO, text);
        shown_ = std::move(text);
    }
}

bool write_all(int fd, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
        if (n >= 0) {
            at += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            pollfd p{fd, POLLOUT, 0};
            ::poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool has_screen() {
    const char* const term = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) != 0 && term != nullptr && *term != '\0' &&
           std::strcmp(term, "dumb") != 0;
}

bool has_colours() {
    const char* const no = std::getenv("NO_COLOR");
    return has_screen() && (no == nullptr || *no == '\0');
}

}  // namespace porchlight::person
