#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "homeserver/account_table.h"
#include "homeserver/durable_log.h"
#include "homeserver/key_queue.h"
#include "homeserver/name_keys.h"
#include "homeserver/passwords.h"
#include "homeserver/stored_filters.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

inline failure too_long(std::string_view what, std::size_t most) {
    return fail(errc::invalid_param,
                std::string{what} + " may have at most " + std::to_string(most) + " bytes.");
}

struct accounts::impl {
    explicit impl(services& with) : s(with), hashes(with.decider, with.cold) {}

    services& s;
    account_table table;
    name_keys names{table, s};
    password_worker hashes;
    key_queue<user_key> changes;               // of one account, one after another
    std::unordered_set<std::string> reserved;  // user ids whose registration is on its way
    std::uint32_t next_device = 0;
    std::vector<base::unique_function<void(user_key)>> on_deactivated, on_profile_changed, on_added;
    std::vector<base::unique_function<void(device_key)>> on_device_ended;
    std::vector<base::unique_function<arrival(user_key, device_key, ports::write_set&)>>
        on_new_device;
    std::vector<base::unique_function<arrival(user_key, std::string_view, std::uint64_t,
                                              ports::write_set&)>>
        on_device_leaving;
    stored_filters filters{s, changes};

    instant now() const { return s.clock.now(); }

    // A device on its way into the store.
    struct new_device {
        device_key key;
        account_table::device info;
        std::string access_token;
        std::vector<arrival> arrivals;  // to be called when it is there
        bool logs_in_again = false;     // it was there before, with another token
    };
    outcome<new_device> make_device(user_key u, device_wish wish, std::optional<device_key> same);
    static ports::device_row row_of(const new_device& d);
    ports::meta_row device_ceiling_row() const;
    void drop_device(device_key d);
    void add_device_rows(ports::write_set& set, new_device& d);
    std::vector<arrival> add_departure(ports::write_set& set, device_key d, std::uint64_t position);
    login_result enter(new_device d);

    // What a registration wants beside the name and the password.
    struct registration {
        std::optional<device_wish> device;
        bool is_activity = true;
    };
    void start_registration(std::string localpart, std::string password, registration wish,
                            completion<login_result> done);
    void store_account(std::string user_id, std::string hash, std::optional<new_device> d,
                       user_key u, bool is_activity, completion<login_result> done);
    void change_password(user_key u, std::string password,
                         base::unique_function<bool(device_key)> stays, completion<void> done);
    void begin_session(user_key u, device_wish wish, completion<login_result> done);
    void remove_devices(user_key u, std::vector<device_key> which, ports::write_set more,
                        base::unique_function<void(bool)> applied);
};

}  // namespace porchlight::homeserver
