#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
#include "images/vips_thumbnailer.h"
#include "server/config.h"
#include "server/last_stop.h"
#include "server/write_behind.h"
#include "storage/dirty_file.h"
#include "storage/media_folder.h"
#include "storage/sqlite_store.h"
#include "storage/store_thread.h"

namespace porchlight::server {

// Cannot start: one clear sentence for stderr.
struct start_error : std::exception {
    explicit start_error(std::string m) : message(std::move(m)) {}
    const char* what() const noexcept override { return message.c_str(); }
    std::string message;
};

// Makes the folder when it is missing, for the owner alone. Throws start_error.
void make_data_folder(const std::string& path);

// The homeserver without its edges: store, engine and services, loaded from the data folder. The
// server puts net and client_api around it; the administrator's commands use it as it is.
// Deciding thread only, once made.
class house final : public engine::outside {
  public:
    // Throws start_error: another server's data, a newer version's database, ...
    house(const config& c, ports::executor& decider, ports::cold_pool& cold, ports::clock& clock,
          ports::random& random, const std::string& boot = boot_id());
    ~house() override;

    // Where answers go; without one they are dropped.
    base::unique_function<void(std::unique_ptr<engine::batch>)> on_deliver;
    // What others see of a user that other servers are told of has changed.
    base::unique_function<void(base::user_key)> on_shown_changed;

    // Saves everything and marks the stop as clean; `done` when it is on disk.
    void close(base::unique_function<void()> done);
    // The engine's settings of `c`, with the rooms of presence.exclude_rooms as keys. Unknown rooms
    // are logged and left out.
    engine::settings engine_settings(const config& c) const;
    ports::store_reader& store() { return *store_; }
    // False while commits fail (disk full, read-only, broken).
    bool store_healthy() const;

    // --- engine::outside ---
    engine::profile profile_of(base::user_key u) const override;
    void deliver(std::unique_ptr<engine::batch> b) override;
    void save(const ports::presence_row& r) override { behind_->save(r); }
    void save(const ports::status_row& r) override { behind_->save(r); }
    void save(const ports::loss_row& r) override { behind_->save(r); }
    void forget(const ports::loss_removal& r) override { behind_->forget(r); }
    void reserve_presence_positions(std::uint64_t ceiling) override;
    void now_dirty(base::user_key u) override { behind_->now_dirty(u); }
    void shown_changed(base::user_key u) override {
        if (on_shown_changed) {
            on_shown_changed(u);
        }
    }
    void room_flipped(base::room_key r, bool counts, std::uint64_t position) override;

  private:
    void load(bool clean);
    void load_presences(const std::vector<ports::presence_row>& rows);
    void load_departures();
    void load_room_flips();
    void check_server_name();
    void note_start(last_stop before, const std::string& boot, base::wall_time now);

    const config& config_;
    std::unique_ptr<storage::sqlite_store> store_;  // outlives all below
    std::unique_ptr<storage::dirty_file> dirty_;
    std::unique_ptr<storage::media_folder> media_files_;
    images::vips_thumbnailer thumbnailer_;
    std::unique_ptr<storage::store_thread> thread_;
    std::unique_ptr<write_behind> behind_;
    std::map<base::room_key, std::pair<bool, std::uint64_t>> room_flips_;
    bool flips_scheduled_ = false;

  public:
    std::unique_ptr<engine::engine> engine_ptr;
    std::unique_ptr<homeserver::durable_log> log;
    std::unique_ptr<homeserver::services> services;
    std::unique_ptr<homeserver::accounts> accounts;
    std::unique_ptr<homeserver::rooms> rooms;
    std::unique_ptr<homeserver::statuses> statuses;
    std::unique_ptr<homeserver::ephemeral> ephemeral;
    std::unique_ptr<homeserver::to_device> to_device;
    std::unique_ptr<homeserver::lists> lists;
    std::unique_ptr<homeserver::device_keys> device_keys;
    std::unique_ptr<homeserver::key_backups> key_backups;
    std::unique_ptr<homeserver::media> media;
};

}  // namespace porchlight::server
