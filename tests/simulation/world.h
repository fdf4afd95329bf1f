#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "simulation/disk.h"
#include "simulation/model.h"

namespace porchlight::simulation {

// A world that breaks on purpose, so that each checker can be seen to catch it.
enum class mutation {
    none,
    drops_an_event,        // a client loses one event of a response
    forgets_the_leaving,   // the engine is not told that somebody left
    repeats_a_subject,     // a response has a subject twice
    answers_early,         // an empty response before its time
    shows_another_time,    // one copy of last_active is off
    loses_a_save,          // a presence row and its dirty bit never reach the disk
    forgets_a_revocation,  // the engine is not told that an acceptance ended
    forgets_a_block,       // ... that somebody is blocked
    tells_a_stranger,      // a client hears when somebody was active whom it never could see
    mistakes_power_loss,   // a power loss is taken for a kill
};

struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One seeded run: the real engine, a virtual clock, clients of all kinds, a disk that forgets. What
// the clients hear is checked against the model at every response, and all of it when it is quiet.
class world final : private engine::outside {
  public:
    world(std::uint64_t seed, mutation m);
    ~world() override;
    // Throws `broken`.
    void run(std::size_t steps);
    const std::deque<std::string>& recent() const { return recent_; }
    std::size_t responses() const { return responses_; }

  private:
    struct client;
    class some_subjects;

    // --- outside ---
    engine::profile profile_of(base::user_key u) const override;
    void deliver(std::unique_ptr<engine::batch> b) override;
    void save(const ports::presence_row& r) override;
    void save(const ports::status_row& r) override;
    void save(const ports::loss_row& r) override;
    void forget(const ports::loss_removal& r) override;
    void room_flipped(base::room_key r, bool counts, std::uint64_t position) override;
    void reserve_presence_positions(std::uint64_t ceiling) override;
    void now_dirty(base::user_key u) override;

    // --- time ---
    void advance(milliseconds d);
    void pump(std::size_t turns);
    void poll_again();

    // --- what happens ---
    void step();
    void change_somebody();
    void change_rooms();
    void change_clients();
    void change_weather();
    void change_lists();
    void accept_or_revoke(std::uint32_t observer, std::uint32_t subject);
    void show(std::uint32_t u);
    void block_or_unblock(std::uint32_t subject, std::uint32_t observer);
    void load_lists(const disk::tables& t);
    void settle_lists();
    void interrupted_lists();
    void put(std::uint32_t u);
    void join_or_leave();
    void reconfigure();
    void jump_clock();
    void remove_device();
    void fork_client();
    enum class stop { clean, killed, power_lost };
    void restart(stop how);
    void start(bool clean);
    void load();
    void interrupted_commits();
    std::vector<disk::pair> recent_departures();
    void become_quiet();

    // --- clients ---
    client& new_client(std::uint32_t u, base::device_key d);
    void open(client& c, milliseconds timeout);
    void hang_up(client& c);
    void stream_closed(client& c);

    // --- checkers ---
    void check_response(const engine::batch& b, const engine::batch::delivery& d, client& c);
    void check_event(client& c, std::uint32_t subject, const presence::view& v);
    void check_quiet();
    void check_client_quiet(const client& c);
    bool sees(const client& c, std::uint32_t subject);
    void note_sights();
    void take_all_rooms_as_seen();
    [[noreturn]] void fail(const std::string& what);

    std::uint64_t draw(std::uint64_t below);
    bool chance(std::uint64_t percent) { return draw(100) < percent; }
    void note(const std::string& what);
    engine::settings engine_settings() const;

    std::mt19937_64 random_;
    const mutation mutation_;
    bool mutated_ = false;
    presence::settings presence_;
    engine::settings settings_;
    policy policy_;
    instant now_{base::mono_time{milliseconds{5'000'000}},
                 base::wall_time{milliseconds{1'700'000'000'000}}};
    disk disk_;
    model model_;
    std::uint32_t users_ = 0, rooms_ = 0, devices_ = 0;
    std::set<std::uint32_t> deactivated_;
    std::set<disk::pair> ever_saw_;  // observer, subject
    std::map<std::uint32_t, std::uint64_t> dirty_serial_;
    std::deque<std::pair<base::mono_time, disk::pair>> departures_;  // (room, user), recent
    base::mono_time membership_changed_;
    std::vector<std::unique_ptr<client>> clients_;
    std::uint64_t generation_ = 0, durable_ = 0;
    bool draining_ = false, calm_ = false;
    std::string failure_;  // found inside a call of the engine
    std::deque<std::string> recent_;
    std::size_t responses_ = 0;
    std::unique_ptr<engine::engine> engine_;
};

}  // namespace porchlight::simulation
