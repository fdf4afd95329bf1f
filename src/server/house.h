#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "homeserver/accounts.h"
#include "homeserver/durable_log.h"
#include "homeserver/ephemeral.h"
#include "homeserver/rooms.h"
#include "homeserver/statuses.h"
#include "server/config.h"
#include "server/write_behind.h"
#include "storage/dirty_file.h"
#include "storage/sqlite_store.h"
#include "storage/store_thread.h"

namespace porchlight::server {

// Cannot start: one clear sentence for stderr.
struct start_error : std::exception {
    explicit start_error(std::string m) : message(std::move(m)) {}
    const char* what() const noexcept override { return message.c_str(); }
    std::string message;
};

// Holds the data folder's lock while it lives; a second process gets a start_error.
class data_folder {
  public:
    explicit data_folder(const std::string& path);  // made when missing, for the owner alone
    ~data_folder();
    data_folder(const data_folder&) = delete;
    data_folder& operator=(const data_folder&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
    int lock_ = -1;
};

// The homeserver without its edges: store, engine and services, loaded from the data folder. The
// server puts net and client_api around it; the administrator's commands use it as it is.
// Deciding thread only, once made.
class house final : public engine::outside {
  public:
    // Throws start_error: another server's data, a newer version's database, ...
    house(config& c, ports::executor& decider, ports::cold_pool& cold, ports::clock& clock,
          ports::random& random);
    ~house() override;

    // Where answers go; without one they are dropped.
    base::unique_function<void(std::unique_ptr<engine::batch>)> on_deliver;

    // Saves everything and marks the stop as clean; `done` when it is on disk.
    void close(base::unique_function<void()> done);
    // Rooms that presence.exclude_rooms names, as keys the engine knows. Call again after a reload.
    void apply_excluded_rooms();
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

  private:
    void load(ports::clock& clock);
    void check_server_name();

    config& config_;
    data_folder folder_;
    std::unique_ptr<storage::sqlite_store> store_;
    std::unique_ptr<storage::dirty_file> dirty_;
    std::unique_ptr<storage::store_thread> thread_;
    std::unique_ptr<write_behind> behind_;

  public:
    std::unique_ptr<engine::engine> engine_ptr;
    std::unique_ptr<homeserver::durable_log> log;
    std::unique_ptr<homeserver::services> services;
    std::unique_ptr<homeserver::accounts> accounts;
    std::unique_ptr<homeserver::rooms> rooms;
    std::unique_ptr<homeserver::statuses> statuses;
    std::unique_ptr<homeserver::ephemeral> ephemeral;
};

}  // namespace porchlight::server
