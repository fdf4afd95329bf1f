#include "server/house.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <sstream>
#include <utility>

#include "base/log.h"

namespace porchlight::server {

void make_data_folder(const std::string& path) {
    std::error_code problem;
    std::filesystem::create_directories(path, problem);
    if (problem || !std::filesystem::is_directory(path)) {
        throw start_error("server.data: the folder " + path +
                          " can't be made: " + problem.message());
    }
    ::chmod(path.c_str(), 0700);
}

house::house(const config& c, ports::executor& decider, ports::cold_pool& cold, ports::clock& clock,
             ports::random& random, const std::string& boot)
    : config_(c) {
    make_data_folder(c.data);
    try {
        store_ = std::make_unique<storage::sqlite_store>(
            storage::sqlite_settings{c.data + "/porchlight.db", {}});
        dirty_ = std::make_unique<storage::dirty_file>(c.data + "/dirty");
        media_files_ = std::make_unique<storage::media_folder>(
            c.media_folder.empty() ? c.data + "/media" : c.media_folder);
        check_server_name();
        const last_stop before = stop_before(*store_, boot);
        const bool clean = before == last_stop::clean;
        thread_ = std::make_unique<storage::store_thread>(*store_, decider);
        behind_ = std::make_unique<write_behind>(decider, *thread_, *dirty_);
        engine_ptr = std::make_unique<engine::engine>(
            c.engine, *this, meta_number(*store_, "presence_ceiling"), clean, clock.now());
        note_start(before, boot, clock.now().wall);
        log = std::make_unique<homeserver::durable_log>(*thread_, *engine_ptr, clock,
                                                        homeserver::durable_log::last_of(*store_));
        services = std::make_unique<homeserver::services>(homeserver::services{
            c.homeserver, decider, cold, *store_, clock, random, *engine_ptr, *log});
        accounts = std::make_unique<homeserver::accounts>(*services);
        rooms = std::make_unique<homeserver::rooms>(*services, *accounts);
        statuses = std::make_unique<homeserver::statuses>(*services, *accounts);
        ephemeral = std::make_unique<homeserver::ephemeral>(*services, *accounts, *rooms);
        to_device = std::make_unique<homeserver::to_device>(*services, *accounts);
        lists = std::make_unique<homeserver::lists>(*services, *accounts, *to_device);
        device_keys = std::make_unique<homeserver::device_keys>(*services, *accounts, *rooms);
        key_backups = std::make_unique<homeserver::key_backups>(*services, *accounts);
        media = std::make_unique<homeserver::media>(*services, *media_files_, thumbnailer_);
        load(clean);
    } catch (const ports::media_error& e) {
        throw start_error("media.folder: " + e.message);
    } catch (const ports::store_error& e) {
        throw start_error(e.message);
    }
    accounts->on_profile_changed([this](base::user_key u) { rooms->profile_changed(u); });
    accounts->on_deactivated([this](base::user_key u) { rooms->leave_all(u); });
}

house::~house() {
    if (thread_) {
        thread_->stop();
    }
}

// One set: whoever finds this run on the disk finds the power loss before it too.
void house::note_start(last_stop before, const std::string& boot, base::wall_time now) {
    std::uint64_t lost = meta_number(*store_, "power_loss_position");
    ports::write_set set = running(boot);
    if (before == last_stop::power_lost) {
        base::log::warn("server", "the power failed; presence is told to everybody again");
        lost = engine_ptr->current_token().presence;
        set.push_back(ports::meta_row{"power_loss_position", std::to_string(lost)});
    } else if (before == last_stop::killed) {
        base::log::warn("server", "the last run was killed");
    }
    const lost_positions restored = lost_by_restoring(*store_, now, set);
    store_->commit({&set, 1}, true);
    engine_ptr->load_power_loss(lost);
    engine_ptr->load_lost_positions(restored.after, restored.until);
}

void house::check_server_name() {
    const std::string& name = config_.homeserver.server_name;
    const std::optional<std::string> stored = store_->meta("server_name");
    // Without an account nobody has an id that ends with it yet: a new installation may be named.
    if (!stored || (*stored != name && store_->user_bound() == 0)) {
        const ports::write_set first{ports::meta_row{"server_name", name}};
        store_->commit({&first, 1}, true);
    } else if (*stored != name) {
        throw start_error("server.name is " + name + ", but the data in " + config_.data +
                          " belongs to " + *stored + "; give that name or another folder");
    }
}

// Most of a start is SQLite going through rows, so two connections do it at once: what the accounts
// keep for themselves and what the engine will be given last, beside the rooms.
void house::load(bool clean) {
    std::vector<ports::presence_row> presences;
    presences.reserve(store_->user_bound());
    std::future<void> beside = std::async(std::launch::async, [this, &presences] {
        accounts->load(*store_);
        store_->presences([&](ports::presence_row&& r) { presences.push_back(r); });
    });
    rooms->load(*store_);
    beside.get();
    load_presences(presences);
    to_device->load(*store_);
    lists->load(*store_, clean);
    device_keys->load(*store_);
    media->load(*store_);
    store_->statuses([this](ports::status_row&& r) {
        // A logout may have come to the disk without its end of a suppression.
        std::erase_if(r.suppressed, [this](base::device_key d) { return !accounts->exists(d); });
        engine_ptr->load_status(r);
    });
    store_->losses([this](ports::loss_row&& r) { engine_ptr->load_loss(r); });
    if (!clean) {
        load_departures();
    }
    load_room_flips();
    engine_ptr->load_excluded_rooms(engine_settings(config_).rooms_excluded);
    ::malloc_trim(0);  // what only loading needed
}

// By user. Whoever is dirty changed in a way the store may not know; without a row it was the first
// change.
void house::load_presences(const std::vector<ports::presence_row>& rows) {
    const std::vector<base::user_key> dirty = dirty_->dirty();
    auto next = dirty.begin();
    const auto load_without_row = [&](auto until) {
        for (; next != until; ++next) {
            ports::presence_row nothing_known;
            nothing_known.user = *next;
            engine_ptr->load_presence(nothing_known, true);
        }
    };
    for (const ports::presence_row& r : rows) {
        load_without_row(std::lower_bound(next, dirty.end(), r.user));
        const bool was_dirty = next != dirty.end() && *next == r.user;
        engine_ptr->load_presence(r, was_dirty);
        next += was_dirty ? 1 : 0;
    }
    load_without_row(dirty.end());
}

// Loss rows follow the departure they are of; a kill may have come between.
void house::load_departures() {
    constexpr std::uint64_t lag = std::uint64_t{60'000} << 10;  // of the position: a minute
    const std::uint64_t last = store_->last_position();
    store_->memberships([this, last](ports::membership_row&& r) {
        const bool gone = r.state == ports::membership::leave || r.state == ports::membership::ban;
        if (gone && r.position + lag > last) {
            engine_ptr->load_departure(r.room, r.user);
        }
    });
}

// "ROOM COUNTS POSITION" per room whose counting was ever flipped by policy, a line each.
void house::load_room_flips() {
    std::istringstream lines(store_->meta("room_flips").value_or(""));
    std::uint32_t room = 0;
    bool counts = false;
    std::uint64_t position = 0;
    while (lines >> room >> counts >> position) {
        room_flips_[base::room_key{room}] = {counts, position};
        engine_ptr->load_room_flip(base::room_key{room}, counts, position);
    }
}

void house::room_flipped(base::room_key r, bool counts, std::uint64_t position) {
    room_flips_[r] = {counts, position};
    if (std::exchange(flips_scheduled_, true)) {
        return;
    }
    services->decider.post([this] {
        flips_scheduled_ = false;
        std::string text;
        for (const auto& [room, flip] : room_flips_) {
            text += std::to_string(room.value) + (flip.first ? " 1 " : " 0 ") +
                    std::to_string(flip.second) + "\n";
        }
        // Durable, as the engine asks; a flip the disk refused goes with the next one.
        (void)thread_->submit({ports::meta_row{"room_flips", std::move(text)}}, true, [](bool) {});
    });
}

void house::close(base::unique_function<void()> done) {
    auto shared = std::make_shared<base::unique_function<void()>>(std::move(done));
    behind_->flush([this, shared] {
        const bool queued = thread_->submit(closed(), true, [shared](bool) { (*shared)(); });
        if (!queued) {
            (*shared)();
        }
    });
}

engine::settings house::engine_settings(const config& c) const {
    engine::settings s = c.engine;
    for (const std::string& id : c.presence_exclude_rooms) {
        if (const auto room = rooms->find(id)) {
            s.rooms_excluded.push_back(*room);
        } else {
            base::log::warn("server", "presence.exclude_rooms names no room here", {{"room", id}});
        }
    }
    std::ranges::sort(s.rooms_excluded);
    return s;
}

bool house::store_healthy() const {
    return !thread_->failing();
}

engine::profile house::profile_of(base::user_key u) const {
    return accounts->profile(u);
}

void house::deliver(std::unique_ptr<engine::batch> b) {
    if (on_deliver) {
        on_deliver(std::move(b));
    }
}

void house::reserve_presence_positions(std::uint64_t ceiling) {
    // In the engine's constructor nothing runs yet: written at once, before any position is used.
    if (!engine_ptr) {
        const ports::write_set first{ports::meta_row{"presence_ceiling", std::to_string(ceiling)}};
        store_->commit({&first, 1}, true);
        return;
    }
    behind_->reserve_positions(ceiling);
}

}  // namespace porchlight::server
