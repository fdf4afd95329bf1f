#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/scenarios/http_client.h"
#include "integration/scenarios/real_server.h"
#include "scenarios/harness.h"

namespace porchlight::scenarios {

// A scenario against the real server over HTTP, `speed` times faster than told: all timeouts are
// divided by it, and real time passes.
class http_harness final : public harness {
  public:
    static constexpr int speed = 20;

    http_harness() = default;
    ~http_harness() override;

    std::string_view name() const override { return "http"; }
    void begin(const setup& s) override;
    void advance_to(milliseconds t) override;
    void sync(const step::syncs& s) override;
    void poll(const step::polls& s) override;
    void stop_syncing(const step::stops_syncing& s) override;
    void put(const step::puts& s) override;
    void deed(const step::does& s) override;
    void log_in(const step::logs_in& s) override;
    void log_out(const step::logs_out& s) override;
    void deactivate(const step::is_deactivated& s) override;
    void join(const step::joins& s) override;
    void leave(const step::leaves& s) override;
    void kick(const step::kicks& s) override;
    void make_room(const step::makes_room& s) override;
    void restart(const step::server_restarts& s) override;
    void change_settings(const step::settings_change& s) override;
    void change_lists(const step::changes_lists& s) override;
    void set_policy(const step::sets_policy& s) override;
    std::optional<seen> look(const std::string& observer, const std::string& subject) override;
    std::optional<seen> last_heard(const actor& observer, const std::string& subject) override;
    std::size_t take_events(const actor& observer,
                            const std::optional<std::string>& subject) override;
    std::optional<listed> look_in_list(const std::string& owner,
                                       const std::string& subject) override;
    bool has_answer(const std::string& who, const std::string& whom, step::answer what) override;
    std::size_t take_notices(const actor& who, step::notice what, const std::string& by) override;
    // A second of real time: writing, waking and reading take some of it.
    milliseconds slack() const override { return std::chrono::seconds{speed}; }

  private:
    struct device {
        std::string user, token;
        std::unique_ptr<http_client> requests, stream;
        std::thread loop;
        std::mutex mutex;  // guards what follows
        std::condition_variable changed;
        std::string since, asked;
        bool polling = false;
        std::map<std::string, std::size_t> news;  // presence events that count, by sender
        struct heard {
            seen what;
            std::chrono::steady_clock::time_point at;
        };
        std::map<std::string, heard> last;                                    // by sender
        std::map<std::pair<step::notice, std::string>, std::size_t> notices;  // by whom
        std::set<std::string> markers;
        std::string broken;
    };
    struct user {
        std::vector<std::string> spare_tokens;  // logged in before time 0
        std::map<std::string, std::unique_ptr<device>> devices;
        std::string first;  // device that synced first
    };

    device& device_of(const actor& who);
    http_client::answer request(device& d, const std::string& method, const std::string& path,
                                const boost::json::value& body, int expected = 200);
    std::string register_user(const std::string& name);
    std::string log_in_as(const std::string& name, const std::string& device_id);
    void create_room(const std::string& creator, const room& r);
    void poll_loop(device& d);
    void first_sync(device& d);
    bool record(device& d, const boost::json::value& response, bool counts);
    static bool record_messages(device& d, const boost::json::array& messages);
    void end_loop(device& d);
    int reloads();
    void settle(const actor& observer, device& d);
    static void check_not_broken(const actor& who, const device& d);

    std::unique_ptr<real_server> server_;
    std::atomic<bool> stopping_ = false;  // what it answers then may be early and empty
    std::unique_ptr<http_client> client_;
    std::map<std::string, user> users_;
    std::map<std::string, std::string> rooms_;  // name to room id
    std::map<std::string, std::string> room_creators_;
    std::chrono::steady_clock::time_point start_;
    int transaction_ = 0;
};

}  // namespace porchlight::scenarios
