#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "scenarios/harness.h"
#include "scenarios/list_book.h"

namespace porchlight::scenarios {

// Plays scenarios against the engine: clients that keep polling with their last token, a clock that
// moves to the next deadline, and a disk that keeps what was saved.
class engine_harness final : public harness, private engine::outside {
  public:
    std::string_view name() const override { return "engine"; }
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
    struct client {
        base::user_key user;
        base::device_key key;
        std::optional<engine::token> since;
        presence::stream_request asks;
        bool syncing = false;      // polls again after each answer
        std::uint64_t parked = 0;  // generation of the open poll; 0: none
        std::map<std::uint32_t, presence::view> heard;
        std::map<std::uint32_t, std::size_t> news;
    };
    struct hall {
        base::room_key key;
        bool is_public = false;
        std::map<std::uint32_t, std::uint64_t> members;
    };

    // --- outside ---
    engine::profile profile_of(base::user_key u) const override;
    void deliver(std::unique_ptr<engine::batch> b) override;
    void save(const ports::presence_row& r) override;
    void save(const ports::status_row& r) override { statuses_[r.user.value] = r; }
    void save(const ports::loss_row& r) override;
    void forget(const ports::loss_removal& r) override;
    void reserve_presence_positions(std::uint64_t ceiling) override { ceiling_ = ceiling; }
    void now_dirty(base::user_key u) override { dirty_.insert(u.value); }

    void start(bool clean);
    void open(client& c, milliseconds timeout);
    void settle();  // turns and polls again until nothing is due at this moment
    base::user_key user_of(const std::string& name) const;
    client& find(const actor& a);
    client& synced(const actor& a);
    hall& find_room(const std::string& name);
    void part(const std::string& user, const std::string& room);
    void apply_lists();  // the engine learns what the book says by now
    void load_lists();
    actor named(const actor& a) const;
    seen words_of(const presence::view& v) const;

    engine::settings settings_;
    base::instant begin_{base::mono_time{milliseconds{1'000'000}},
                         base::wall_time{milliseconds{1'700'000'000'000}}};
    base::instant now_ = begin_;
    std::map<std::string, base::user_key> users_;
    std::vector<std::string> names_;
    std::map<std::string, std::string> first_device_;
    std::map<std::pair<std::string, std::string>, client> clients_;
    std::vector<client*> by_slot_;
    std::map<std::string, hall> rooms_;
    std::map<std::uint32_t, ports::presence_row> presences_;
    std::map<std::uint32_t, ports::status_row> statuses_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, ports::loss_row> losses_;
    // What the engine was told, as it is stored.
    struct shown_to {
        presence::user_visibility now = presence::user_visibility::everyone;
        presence::user_visibility before = presence::user_visibility::everyone;
        std::uint64_t position = 0;
    };
    struct block {
        engine::frozen_view shows;
        std::uint64_t position = 0;
    };
    list_book lists_;
    std::map<list_book::pair, std::uint64_t> acceptances_;
    std::map<list_book::pair, block> blocks_;
    std::map<std::string, shown_to> visibilities_;
    std::set<std::uint32_t> dirty_;
    std::uint64_t ceiling_ = 0, generation_ = 0;
    std::vector<client*> answered_;
    std::string impossible_;  // seen inside a call of the engine
    std::unique_ptr<engine::engine> engine_;
};

}  // namespace porchlight::scenarios
