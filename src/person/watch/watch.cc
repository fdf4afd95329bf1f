#include "person/watch/watch.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>

#include "person/account.h"
#include "person/watch/boot_clock.h"
#include "person/watch/change_lines.h"
#include "person/watch/frame.h"
#include "person/watch/session.h"
#include "person/watch/terminal.h"

namespace porchlight::person {

namespace {

using base::milliseconds;

// The signals that the loop takes as events; as they were when it goes.
class signal_events {
  public:
    signal_events() {
        sigset_t set;
        sigemptyset(&set);
        for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT}) {
            sigaddset(&set, s);
        }
        ::sigprocmask(SIG_BLOCK, &set, &before_);
        fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    }
    ~signal_events() {
        ::close(fd_);
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    signal_events(const signal_events&) = delete;
    signal_events& operator=(const signal_events&) = delete;

    int fd() const { return fd_; }
    std::optional<int> next() {
        signalfd_siginfo one{};
        return ::read(fd_, &one, sizeof one) == sizeof one
                   ? std::optional(static_cast<int>(one.ssi_signo))
                   : std::nullopt;
    }

  private:
    sigset_t before_{};
    int fd_ = -1;
};

// Keys are read only while the terminal is ours: in the background that would stop the program.
bool may_read_keys() {
    return ::isatty(STDIN_FILENO) != 0 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
}

class loop {
  public:
    loop(const watch_options& o, const account& a, web& w)
        : options_(o), account_(a), web_(w), session_(options_of(o, a), boot_now()) {
        if (!o.as_json && has_screen()) {
            terminal_.emplace();
        }
    }

    int run() {
        while (!over_) {
            const base::instant now = boot_now();
            if (session_.is_stale(now)) {
                web_.give_up();
                session_.given_up(now);
            }
            if (const auto q = session_.next(now)) {
                web_request r = account_.request("GET", q->path);
                r.time_max = q->time_max;
                web_.begin(r);
            }
            draw(now);
            wait(now);
        }
        return 0;
    }

  private:
    static session_options options_of(const watch_options& o, const account& a) {
        session_options s;
        s.user_id = a.user_id();
        s.server = a.who().homeserver;
        s.state = o.state;
        // Without a keyboard nobody can tell that somebody is there.
        s.marks = !o.only_watch && ::isatty(STDIN_FILENO) != 0;
        s.idle = std::chrono::minutes{o.idle_minutes};
        s.seed = static_cast<unsigned>(::getpid());
        return s;
    }

    void draw(base::instant now) {
        if (terminal_) {
            terminal_->show(frame(session_, now, terminal_->size(), has_colours()));
        }
    }

    milliseconds longest_wait(base::instant now) const {
        constexpr milliseconds second{1000}, without_end{60'000};
        milliseconds longest = terminal_ ? second : without_end;
        if (const auto at = session_.wake_at(now)) {
            longest = std::clamp(*at - now.mono, milliseconds{0}, longest);
        }
        return longest;
    }

    void wait(base::instant before) {
        std::array<pollfd, 2> fds{{{signals_.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
        const std::size_t count = reads_keys_ && may_read_keys() ? 2 : 1;
        const auto answer = web_.wait(std::span(fds).first(count), longest_wait(before));
        const base::instant now = boot_now();
        // Input first: whoever wakes a laptop by a key was not away.
        if (count == 2 && fds[1].revents != 0) {
            read_keys(now);
        }
        if (fds[0].revents != 0) {
            take_signals();
        }
        if (answer && !over_) {
            tell(session_.answered(*answer, now), now);
        }
    }

    void read_keys(base::instant now) {
        std::array<char, 256> bytes{};
        const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (n > 0) {
            over_ |= session_.keys({bytes.data(), static_cast<std::size_t>(n)}, now) &&
                     terminal_.has_value();
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            reads_keys_ = false;  // the terminal went away
            over_ |= terminal_.has_value();
        }
    }

    void take_signals() {
        while (const auto s = signals_.next()) {
            if (*s == SIGTSTP) {
                stop();
            } else if (*s == SIGCONT) {
                if (terminal_) {
                    terminal_->leave();
                    terminal_->enter();
                }
            } else if (*s != SIGWINCH) {
                over_ = true;
            }
        }
    }

    void stop() {
        if (terminal_) {
            terminal_->leave();
        }
        ::raise(SIGSTOP);  // here until SIGCONT
        if (terminal_) {
            terminal_->enter();
        }
    }

    void tell(const std::vector<change>& changes, base::instant now) {
        if (terminal_) {
            return;
        }
        for (const change& c : changes) {
            const std::string line =
                options_.as_json ? line_for_programs(c, now) : line_for_people(c, now);
            if (!line.empty() && !write_all(STDOUT_FILENO, line + '\n')) {
                over_ = true;  // nobody reads it
            }
        }
    }

    const watch_options& options_;
    const account& account_;
    web& web_;
    signal_events signals_;
    session session_;
    std::optional<terminal> terminal_;
    bool over_ = false, reads_keys_ = true;
};

}  // namespace

int watch(const watch_options& o) {
    web w;
    const account a(w, load_credentials(o.credentials));
    try {
        return loop(o, a, w).run();
    } catch (const std::exception& e) {
        // Caught, so that the loop's end puts the terminal back.
        throw failed{std::string("watch ended by an error of its own: ") + e.what()};
    }
}

}  // namespace porchlight::person
