#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Thousands of Matrix clients in one thread: each has a connection and a /sync that waits, or asks,
// and then the next. They are the users of a folder that `known_users make ... devices` made.
namespace porchlight::bench {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// As in answers; `unseen`: nothing was heard of the subject.
enum class seen_state : std::uint8_t { unseen, offline, unavailable, online, free_for_chat, busy };
std::string_view name_of(seen_state s);

// One user's client.
struct stream {
    std::uint32_t user = 0;
    int descriptor = -1;
    std::string since;                      // empty: the next poll is a first sync
    bool tracks = false;                    // reads every event into `seen`
    bool parks = true;                      // polls again with a long timeout after each answer
    std::vector<seen_state> seen;           // of those in the user's team, by their place in it
    std::uint64_t answers = 0, events = 0;  // events: of those who track

    // --- the answer that is coming in ---
    std::string partial;      // its beginning, or all of it for those who track
    std::size_t missing = 0;  // what is still to come, when it need not be kept
};

struct crowd_settings {
    unsigned short port = 0;
    std::uint32_t users = 0, team = 20;
    bool online = true;  // polls say nothing of presence; else set_presence=offline
};

class crowd {
  public:
    explicit crowd(const crowd_settings& s);
    ~crowd();
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;

    stream& operator[](std::uint32_t user) { return streams_[user]; }
    std::uint32_t size() const { return settings_.users; }
    std::uint32_t team() const { return settings_.team; }
    // What the user should be seen as: what the last PUT that was answered said.
    seen_state said(std::uint32_t user) const { return said_[user]; }
    void expect(std::uint32_t user, seen_state s) { said_[user] = s; }

    void open(stream& s);                 // a new connection
    void drop(stream& s);                 // the connection goes without a word (RST)
    void ask(stream& s, int timeout_ms);  // a poll; 0: it is answered at once
    // Of any user, over a connection of its own that is kept for more; `text`: empty, none.
    void put(std::uint32_t user, seen_state to, std::string_view text = {});

    // Takes what comes until `done`, or until `end`; false: it was the end.
    bool run_until(steady::time_point end, const std::function<bool()>& done);
    void run_for(milliseconds t) {
        run_until(steady::now() + t, [] { return false; });
    }
    // Until nothing has come for so long. Fails after `most`.
    void settle(milliseconds quiet, milliseconds most = milliseconds{60'000});

    std::function<void(stream&)> on_answer;                // before the next poll
    std::function<void(stream&, std::uint32_t)> on_event;  // of those who track: the subject
    std::uint64_t answers() const { return answers_; }
    std::size_t puts_under_way() const { return asked_.size(); }
    bool is_asked(std::uint32_t user) const;  // a PUT of the user is under way
    // Pairs of those who track and a user of their team where something else is seen than was said.
    std::uint64_t wrong_views() const;

  private:
    struct asker {  // a connection for PUTs
        int descriptor = -1;
        bool busy = false;
        std::uint32_t user = 0;
        seen_state to{};
        std::string partial;
    };
    struct wish {
        std::uint32_t user;
        seen_state to;
        std::string text;
    };
    void receive(stream& s);
    bool take(stream& s, std::string_view bytes);
    void answered(stream& s);
    void read_events(stream& s, std::string_view body);
    void receive_put(asker& a);
    void send_put(asker& a, const wish& w);
    void watch(int descriptor, std::uint64_t mark);

    const crowd_settings settings_;
    std::vector<stream> streams_;
    std::vector<seen_state> said_;
    std::vector<asker> askers_;
    std::deque<wish> waiting_;          // PUTs for which no connection is free
    std::vector<std::uint32_t> asked_;  // users whose PUT is not answered yet
    std::uint64_t answers_ = 0;
    int poller_ = -1;
    std::vector<char> scratch_ = std::vector<char>(256 * 1024);
};

}  // namespace porchlight::bench
