#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "presence/user.h"
#include "presence/visibility.h"
#include "scenarios/harness.h"
#include "scenarios/list_book.h"

namespace porchlight::scenarios {

// The presence core alone under a virtual clock: users are presence::user, rooms a naive table,
// presence lists a list_book, and after each step and deadline every pair of users is looked at
// again. Syncing devices poll like real clients: again after 25 s, and at once after each answer
// with news.
class pure_harness : public harness {
  public:
    std::string_view name() const override { return "pure"; }
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

  private:
    struct device {
        base::device_key key;
        bool has_synced = false;  // has a token
        bool open = false;
        presence::stream_request asks;
        base::mono_time polls_next;
        // What it has not heard yet while away, and what it heard last, by subject.
        std::map<std::string, presence::view> pending, heard;
        std::map<std::string, std::size_t> news;  // events by subject, since they were last taken
    };
    struct person {
        explicit person(const presence::settings& s) : core(s) {}
        presence::user core;
        std::map<std::string, device> devices;
        std::string first_device;                         // to sync
        std::map<std::string, presence::view> last_told;  // by subject, of those visible
        bool deactivated = false;
    };
    struct hall {
        std::set<std::string> members;
        bool is_public = false;
        bool size_allows = true;
    };

    person& find(const std::string& user);
    hall& find_room(const std::string& room);
    device& find(const actor& a);
    base::device_key key_of(const actor& a) { return find(a).key; }
    actor named(const actor& a);
    presence::sight sight(const std::string& observer, const std::string& subject) const;
    bool may_see(const std::string& observer, const std::string& subject) const {
        return sight(observer, subject) != presence::sight::none;
    }
    presence::view view_of(const std::string& observer, const std::string& subject) const;
    presence::view last_view(const std::string& observer, const std::string& subject) const;
    device& synced(const actor& a);
    seen words_of(const presence::view& v) const;
    void first_sync(const std::string& user, device& d) const;
    static void tell(device& d, const std::string& subject, const presence::view& v);
    void open_stream(person& p, device& d);
    void close_stream(person& p, device& d);
    void part(const std::string& user, const std::string& room);
    // Everybody looks at everybody again; who has news polls again, until all is quiet.
    void look_around();
    bool tell_all();

    presence::settings settings_;
    presence::room_rules rules_;
    bool enabled_ = true;
    std::map<std::string, person> people_;
    std::map<std::string, hall> rooms_;
    list_book lists_;
    std::map<list_book::pair, presence::view> frozen_;  // what who is blocked sees
    base::instant begin_{base::mono_time{std::chrono::hours{1}},
                         base::from_unix_ms(1'456'790'400'000)};
    base::instant now_ = begin_;
    std::uint32_t keys_ = 0;
};

}  // namespace porchlight::scenarios
