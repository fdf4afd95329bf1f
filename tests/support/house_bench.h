#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/assert.h"
#include "engine/engine.h"
#include "homeserver/accounts.h"
#include "homeserver/durable_log.h"
#include "homeserver/ephemeral.h"
#include "homeserver/key_backups.h"
#include "homeserver/keys/device_keys.h"
#include "homeserver/lists.h"
#include "homeserver/media.h"
#include "homeserver/rooms.h"
#include "homeserver/statuses.h"
#include "homeserver/to_device.h"
#include "storage/memory_store.h"
#include "support/media_bench.h"

// A homeserver on one thread without its edges: clock set by hand, seeded random, a memory store
// whose commits can be held or refused. Nothing happens by itself: call settle() or advance().
namespace porchlight::test {

class hand_clock final : public ports::clock {
  public:
    explicit hand_clock(base::milliseconds later = {}) { at.wall += later; }
    base::instant now() const override { return at; }
    base::instant at{base::mono_time{std::chrono::hours{1}}, base::from_unix_ms(1'700'000'000'000)};
};

class seeded_random final : public ports::random {
  public:
    void seed(std::uint32_t s) { numbers_.seed(s); }
    void fill(std::span<std::uint8_t> bytes) override {
        for (auto& b : bytes) {
            b = static_cast<std::uint8_t>(numbers_());
        }
    }

  private:
    std::mt19937 numbers_{4711};
};

class run_queue final : public ports::executor {
  public:
    explicit run_queue(hand_clock& c) : clock_(c) {}
    void post(ports::task t) override { ready_.push_back(std::move(t)); }
    void post_after(base::milliseconds delay, ports::task t) override {
        later_.emplace(clock_.at.mono + delay, std::move(t));
    }
    // Runs one task that is due. False: nothing is.
    bool step() {
        if (ready_.empty() && !later_.empty() && later_.begin()->first <= clock_.at.mono) {
            ready_.push_back(std::move(later_.begin()->second));
            later_.erase(later_.begin());
        }
        if (ready_.empty()) {
            return false;
        }
        auto t = std::move(ready_.front());
        ready_.pop_front();
        t();
        return true;
    }
    std::optional<base::mono_time> next() const {
        return later_.empty() ? std::nullopt : std::optional{later_.begin()->first};
    }

  private:
    hand_clock& clock_;
    std::deque<ports::task> ready_;
    std::multimap<base::mono_time, ports::task> later_;
};

class hand_pool final : public ports::cold_pool {
  public:
    bool run(ports::task work) override {
        if (full) {
            return false;
        }
        waiting_.push_back(std::move(work));
        most_waiting = std::max(most_waiting, waiting_.size());
        return true;
    }
    bool step() {
        if (held || waiting_.empty()) {
            return false;
        }
        auto t = std::move(waiting_.front());
        waiting_.pop_front();
        t();
        return true;
    }
    bool held = false;  // work waits until let go
    bool full = false;
    std::size_t most_waiting = 0;

  private:
    std::deque<ports::task> waiting_;
};

// Commits one set after another to a memory store.
class hand_log final : public ports::commit_log {
  public:
    explicit hand_log(storage::memory_store& s) : store_(s) {}
    bool submit(ports::write_set set, bool durable,
                base::unique_function<void(bool)> done) override {
        if (full) {
            return false;
        }
        waiting_.push_back({std::move(set), durable, std::move(done)});
        return true;
    }
    bool step() {
        if (held || waiting_.empty()) {
            return false;
        }
        auto w = std::move(waiting_.front());
        waiting_.pop_front();
        bool ok = true;
        try {
            store_.commit(std::span{&w.set, 1}, w.durable);
            durable_commits += w.durable ? 1 : 0;
        } catch (const ports::store_error&) {
            ok = false;
        }
        w.done(ok);
        return true;
    }
    std::size_t waiting() const { return waiting_.size(); }
    bool held = false;  // commits wait until let go
    bool full = false;
    std::size_t durable_commits = 0;

  private:
    struct one {
        ports::write_set set;
        bool durable;
        base::unique_function<void(bool)> done;
    };
    storage::memory_store& store_;
    std::deque<one> waiting_;
};

class house_bench : public engine::outside {
  public:
    // `kept`: a store that outlived an earlier bench (a restart); null: a new one.
    // `clean`: how that one stopped; `later`: than that one began.
    explicit house_bench(std::shared_ptr<storage::memory_store> kept = nullptr,
                         homeserver::settings wish = cheap_settings(), bool clean = true,
                         base::milliseconds later = {},
                         std::shared_ptr<memory_media> kept_media = nullptr)
        : store(kept ? std::move(kept) : std::make_shared<storage::memory_store>()),
          clock(later),
          media_files(kept_media ? std::move(kept_media) : std::make_shared<memory_media>()),
          config(std::move(wish)),
          engine(engine_config, *this, 0, clean, clock.at) {
        // Another life of the same store draws other tokens.
        if (const auto devices = store->meta("next_device")) {
            random.seed(static_cast<std::uint32_t>(std::stoul(*devices)));
        }
        accounts.load(*store);
        rooms.load(*store);
        to_device.load(*store);
        lists.load(*store, clean);
        device_keys.load(*store);
        media.load(*store);
        store->statuses([this](ports::status_row&& r) { engine.load_status(r); });
        store->losses([this](ports::loss_row&& r) { engine.load_loss(r); });
        if (!clean) {  // everybody is dirty, and what was written behind is lost
            store->accounts([this](ports::account_row&& r) {
                ports::presence_row nothing_known;
                nothing_known.user = r.user;
                engine.load_presence(nothing_known, true);
            });
        }
        accounts.on_deactivated([this](base::user_key u) { rooms.leave_all(u); });
        accounts.on_profile_changed([this](base::user_key u) { rooms.profile_changed(u); });
        engine.ready(clock.at);
        lists.ready();
    }
    static homeserver::settings cheap_settings() {
        homeserver::settings s;
        s.server_name = "porch.test";
        s.registration_mode = homeserver::registration::open;
        s.argon2_ops = 1;
        s.argon2_memory = 8192;
        return s;
    }

    // Runs everything that can run without time passing.
    void settle() {
        for (int round = 0;; ++round) {
            ASSERT(round < 1'000'000);
            if (step()) {
                continue;
            }
            engine.turn(clock.at);
            const auto next = engine.next_turn();
            if (next && *next <= clock.at.mono) {
                continue;
            }
            if (!step()) {  // the turn may have had something to deliver
                return;
            }
        }
    }
    // One task of each queue. False: all are empty.
    bool step() {
        bool busy = decider.step();
        busy = cold.step() || busy;
        busy = log_device.step() || busy;
        return (extra_step && extra_step()) || busy;
    }
    // Lets time pass, stopping at whatever is due on the way.
    void advance(base::milliseconds d) {
        const auto end = clock.at.mono + d;
        settle();
        while (clock.at.mono < end) {
            auto stop = end;
            for (const auto& due : {decider.next(), engine.next_turn()}) {
                if (due && *due > clock.at.mono) {
                    stop = std::min(stop, *due);
                }
            }
            clock.at.wall += stop - clock.at.mono;
            clock.at.mono = stop;
            settle();
        }
    }
    // Settles and gives what the completion made by `start` got.
    template <class T>
    homeserver::outcome<T> wait(const std::function<void(homeserver::completion<T>)>& start) {
        std::optional<homeserver::outcome<T>> got;
        start([&got](homeserver::outcome<T> r) {
            ASSERT(!got);
            got.emplace(std::move(r));
        });
        settle();
        ASSERT(got);
        return std::move(*got);
    }
    // A new account with a device.
    homeserver::login_result sign_up(const std::string& localpart) {
        return wait<homeserver::login_result>([&](auto done) {
                   accounts.register_account(localpart, "pw-" + localpart, {}, false,
                                             std::move(done));
               })
            .value();
    }

    engine::profile profile_of(base::user_key u) const override { return accounts.profile(u); }
    void deliver(std::unique_ptr<engine::batch> b) override {
        if (on_deliver) {
            on_deliver(std::move(b));
        }
    }
    void save(const ports::presence_row& r) override {
        log.write_behind({r}, [](bool) {});
    }
    void save(const ports::status_row& r) override {
        log.write_behind({r}, [](bool) {});
    }
    void save(const ports::loss_row& r) override {
        log.write_behind({r}, [](bool) {});
    }
    void forget(const ports::loss_removal& r) override {
        log.write_behind({r}, [](bool) {});
    }
    void reserve_presence_positions(std::uint64_t) override {}
    void now_dirty(base::user_key) override {}
    void shown_changed(base::user_key u) override {
        if (on_shown_changed) {
            on_shown_changed(u);
        }
    }

    std::shared_ptr<storage::memory_store> store;
    hand_clock clock;
    seeded_random random;
    run_queue decider{clock};
    hand_pool cold;
    std::shared_ptr<memory_media> media_files;
    hand_thumbnailer thumbnailer;
    hand_log log_device{*store};
    homeserver::settings config;
    engine::settings engine_config;
    engine::engine engine;
    homeserver::durable_log log{log_device, engine, clock,
                                homeserver::durable_log::last_of(*store)};
    homeserver::services services{config, decider, cold, *store, clock, random, engine, log};
    homeserver::accounts accounts{services};
    homeserver::rooms rooms{services, accounts};
    homeserver::statuses statuses{services, accounts};
    homeserver::ephemeral ephemeral{services, accounts, rooms};
    homeserver::to_device to_device{services, accounts};
    homeserver::lists lists{services, accounts, to_device};
    homeserver::device_keys device_keys{services, accounts, rooms};
    homeserver::key_backups key_backups{services, accounts};
    homeserver::media media{services, *media_files, thumbnailer};
    std::function<void(std::unique_ptr<engine::batch>)> on_deliver;
    std::function<void(base::user_key)> on_shown_changed;
    std::function<bool()> extra_step;  // another queue to run; false: nothing was there
};

}  // namespace porchlight::test
