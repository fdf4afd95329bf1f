#include "crowd.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "../http_client.h"

namespace porchlight::bench {

namespace {

constexpr std::size_t put_connections = 64;
constexpr std::uint64_t put_mark = std::uint64_t{1} << 32;
constexpr int poll_ms = 55'000;
constexpr std::array<std::string_view, 6> names{"",       "offline",       "unavailable",
                                                "online", "free_for_chat", "busy"};
// The rooms are left out: what is measured is presence.
constexpr std::string_view no_rooms = "&filter=%7B%22room%22%3A%7B%22rooms%22%3A%5B%5D%7D%7D";

std::string token_of(std::uint32_t user) {
    return "known-" + std::to_string(user);
}

std::string user_id(std::uint32_t user) {
    static constexpr std::array firsts{"alice", "bob", "carol", "dave", "erin", "frank", "grace"};
    return "@" + std::string(firsts[user % firsts.size()]) + "." + std::to_string(user) +
           ":localhost";
}

seen_state state_named(std::string_view name) {
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? seen_state::unseen : static_cast<seen_state>(at - names.begin());
}

// The text between `before` and the next quote, from `at` on; `at` moves behind it.
std::string_view between(std::string_view text, std::string_view before, std::size_t& at) {
    const auto found = text.find(before, at);
    if (found == std::string_view::npos) {
        at = found;
        return {};
    }
    const auto begin = found + before.size();
    at = text.find('"', begin);
    return text.substr(begin, at - begin);
}

}  // namespace

std::string_view name_of(seen_state s) {
    return names[static_cast<std::size_t>(s)];
}

crowd::crowd(const crowd_settings& s) : settings_(s), streams_(s.users), said_(s.users) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    poller_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::uint32_t u = 0; u < s.users; ++u) {
        streams_[u].user = u;
    }
    askers_.resize(put_connections);
}

crowd::~crowd() {
    for (const auto& s : streams_) {
        if (s.descriptor >= 0) {
            ::close(s.descriptor);
        }
    }
    for (const auto& a : askers_) {
        if (a.descriptor >= 0) {
            ::close(a.descriptor);
        }
    }
    ::close(poller_);
}

void crowd::watch(int descriptor, std::uint64_t mark) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = mark;
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &interest);
}

void crowd::open(stream& s) {
    s.descriptor = connect_to(settings_.port);
    watch(s.descriptor, s.user);
    if (s.tracks && s.seen.empty()) {
        s.seen.resize(settings_.team);
    }
}

void crowd::drop(stream& s) {
    const linger at_once{1, 0};
    ::setsockopt(s.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(s.descriptor);
    s.descriptor = -1;
    s.partial.clear();
    s.missing = 0;
}

void crowd::ask(stream& s, int timeout_ms) {
    std::string target = "/_matrix/client/v3/sync?timeout=" + std::to_string(timeout_ms);
    if (!settings_.online) {
        target += "&set_presence=offline";
    }
    if (s.since.empty()) {
        target.append(no_rooms);
    } else {
        target.append("&since=").append(s.since);
    }
    const auto bytes = request("GET", target, token_of(s.user), {});
    if (::send(s.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
        fail("the server closed a poll");
    }
}

void crowd::put(std::uint32_t user, seen_state to, std::string_view text) {
    asked_.push_back(user);
    const wish w{user, to, std::string(text)};
    const auto free =
        std::find_if(askers_.begin(), askers_.end(), [](const auto& a) { return !a.busy; });
    if (free == askers_.end()) {
        waiting_.push_back(w);
    } else {
        send_put(*free, w);
    }
}

bool crowd::is_asked(std::uint32_t user) const {
    return std::find(asked_.begin(), asked_.end(), user) != asked_.end();
}

void crowd::send_put(asker& a, const wish& w) {
    if (a.descriptor < 0) {
        a.descriptor = connect_to(settings_.port);
        watch(a.descriptor, put_mark | static_cast<std::uint64_t>(&a - askers_.data()));
    }
    a.busy = true;
    a.user = w.user;
    a.to = w.to;
    std::string body = R"({"presence":")";
    body.append(name_of(w.to));
    if (!w.text.empty()) {
        body.append(R"(","status_msg":")").append(w.text);
    }
    body.append("\"}");
    const auto bytes = request("PUT", "/_matrix/client/v3/presence/" + user_id(w.user) + "/status",
                               token_of(w.user), body);
    if (::send(a.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
        fail("the server closed a connection for PUTs");
    }
}

void crowd::receive_put(asker& a) {
    const auto n = ::recv(a.descriptor, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (n <= 0 && !a.busy) {  // the server closes those that idle for long
        ::close(a.descriptor);
        a.descriptor = -1;
        return;
    }
    if (n <= 0) {
        fail("the server closed a connection for PUTs");
    }
    a.partial.append(scratch_.data(), static_cast<std::size_t>(n));
    if (response_extent(a.partial).whole == 0) {
        return;
    }
    if (!a.partial.starts_with("HTTP/1.1 200")) {
        fail("a PUT was answered " + a.partial);
    }
    a.partial.clear();
    a.busy = false;
    said_[a.user] = a.to;
    asked_.erase(std::find(asked_.begin(), asked_.end(), a.user));
    if (!waiting_.empty()) {
        send_put(a, waiting_.front());
        waiting_.pop_front();
    }
}

void crowd::receive(stream& s) {
    const auto n = ::recv(s.descriptor, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EBADF)) {
        return;  // of the connection before, which was dropped meanwhile
    }
    if (n <= 0) {
        fail("the server closed the poll of user " + std::to_string(s.user));
    }
    if (take(s, {scratch_.data(), static_cast<std::size_t>(n)})) {
        answered(s);
    }
}

// Whether the answer is whole. Of those who don't track only the beginning is kept.
bool crowd::take(stream& s, std::string_view bytes) {
    if (s.missing > 0) {
        s.missing -= std::min(s.missing, bytes.size());
        return s.missing == 0;
    }
    if (!s.partial.empty()) {
        s.partial.append(bytes);
        bytes = s.partial;
    }
    const auto head = bytes.find("\r\n\r\n");
    const auto length_at = bytes.find("Content-Length: ");
    if (head == std::string_view::npos || length_at > head || bytes.size() < head + 100) {
        s.partial = std::string(bytes);
        return false;
    }
    if (!bytes.starts_with("HTTP/1.1 200")) {
        fail("a poll was answered " + std::string(bytes.substr(0, 400)));
    }
    std::size_t length = 0;
    std::from_chars(bytes.data() + length_at + 16, bytes.data() + head, length);
    const auto whole = head + 4 + length;
    if (s.tracks && bytes.size() < whole) {
        s.partial = std::string(bytes);
        return false;
    }
    const auto body = bytes.substr(head + 4);
    s.since = value_of(body.substr(0, 100), "next_batch");
    if (s.tracks) {
        read_events(s, body);
    }
    s.missing = whole - bytes.size();
    s.partial.clear();
    return s.missing == 0;
}

void crowd::read_events(stream& s, std::string_view body) {
    const auto first = s.user / settings_.team * settings_.team;
    for (std::size_t at = 0;;) {
        const auto sender = between(body, R"("type":"m.presence","sender":"@)", at);
        if (at == std::string_view::npos) {
            return;
        }
        const auto shown = between(body, R"("presence":")", at);
        const auto dot = sender.find('.');
        std::uint32_t subject = 0;
        std::from_chars(sender.data() + dot + 1, sender.data() + sender.size(), subject);
        ++s.events;
        if (subject >= first && subject - first < s.seen.size()) {
            s.seen[subject - first] = state_named(shown);
        }
        if (on_event) {
            on_event(s, subject);
        }
    }
}

void crowd::answered(stream& s) {
    ++s.answers;
    ++answers_;
    if (on_answer) {
        on_answer(s);
    }
    if (s.parks && s.descriptor >= 0) {
        ask(s, poll_ms);
    }
}

bool crowd::run_until(steady::time_point end, const std::function<bool()>& done) {
    std::array<epoll_event, 512> events;
    while (!done()) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - steady::now()).count();
        if (left < 0) {
            return false;
        }
        // A millisecond at most, so that what is done from time to time is done in time.
        const int ready = ::epoll_wait(poller_, events.data(), events.size(), left > 0 ? 1 : 0);
        for (int i = 0; i < ready; ++i) {
            const auto mark = events[static_cast<std::size_t>(i)].data.u64;
            if ((mark & put_mark) != 0) {
                receive_put(askers_[mark & (put_mark - 1)]);
            } else {
                receive(streams_[mark]);
            }
        }
    }
    return true;
}

void crowd::settle(milliseconds quiet, milliseconds most) {
    auto last = steady::now();
    auto before = answers_;
    const bool calm = run_until(last + most, [&] {
        if (answers_ != before || !asked_.empty()) {
            before = answers_;
            last = steady::now();
        }
        return steady::now() - last > quiet;
    });
    if (!calm) {
        fail("there is no calm after " + std::to_string(most.count()) + " ms");
    }
}

std::uint64_t crowd::wrong_views() const {
    std::uint64_t wrong = 0;
    for (const auto& s : streams_) {
        if (!s.tracks) {
            continue;
        }
        const auto first = s.user / settings_.team * settings_.team;
        for (std::uint32_t i = 0; i < s.seen.size(); ++i) {
            const auto said = said_[first + i];
            wrong += first + i != s.user && said != seen_state::unseen && s.seen[i] != said;
        }
    }
    return wrong;
}

}  // namespace porchlight::bench
