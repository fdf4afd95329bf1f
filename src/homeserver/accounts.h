#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeserver/services.h"

namespace porchlight::homeserver {

using token_hash = std::array<std::uint8_t, 32>;
token_hash hash_token(std::string_view access_token);  // any thread

struct login_result {
    std::string user_id, access_token, device_id;
    caller who;
    std::string refresh_token = {};  // empty: none, and the access token does not expire
    base::milliseconds lifetime{};   // of the access token, with a refresh token
};
struct device_wish {
    // Empty: a new one is made. Known: the device stays what it is, its old token is dropped.
    std::string device_id;
    std::string display_name;  // initial_device_display_name
    bool refreshes = false;    // wants a refresh token
};
struct device_info {
    device_key device;
    std::string device_id, display_name;
    wall_time created;
    std::optional<wall_time> last_seen = {};  // since the server started
};

class name_keys;

// Accounts, devices (= access tokens), profiles, filters. Deciding thread only, but for hash_token.
// Every change is durable before its completion succeeds (errc::unavailable: nothing happened).
class accounts {
  public:
    explicit accounts(services& s);
    ~accounts();
    void load(ports::store_reader& store);  // start-up

    // --- names ---
    std::optional<user_key> find(std::string_view user_id) const;  // also deactivated ones
    std::string_view user_id(user_key u) const;  // of an account: stable until the server stops
    bool is_deactivated(user_key u) const;
    std::string make_user_id(std::string_view localpart) const;
    bool is_free(std::string_view user_id) const;  // neither taken nor being registered
    std::size_t count() const;
    // Accounts whose ids begin with `prefix`, by key from `from` on: `most` at most, looking at
    // `look_at` keys or fewer.
    struct found_part {
        std::vector<user_key> users;
        user_key next;  // where to go on; not valid: that was all
    };
    found_part starting_with(std::string_view prefix, user_key from, std::size_t look_at,
                             std::size_t most) const;

    // Keys of all user ids, those that are no account here included.
    name_keys& names();

    // --- sessions ---
    std::optional<caller> authenticate(const token_hash& t) const;
    // The same for a request that comes in: notes when the device was seen, and that a new access
    // token arrived, so that the refresh token before it is of no use any more.
    struct session {
        caller who;
        bool has_expired = false;  // the device is there and waits for a refresh
    };
    std::optional<session> check_in(const token_hash& t);
    bool exists(device_key d) const;         // false once logged out
    device_info device(device_key d) const;  // REQUIRES: exists(d)
    std::vector<device_info> devices(user_key u) const;
    // `localpart` empty: one is made. `password` empty: no log-in by password. Registering is
    // activity.
    void register_account(std::string localpart, std::string password, device_wish device,
                          bool inhibit_login, completion<login_result> done);
    // Made by the administrator: no device, and no activity ("never seen").
    void add_account(std::string localpart, std::string password, completion<user_key> done);
    // `user`: localpart or whole id. forbidden without telling which of the two was wrong.
    void login(std::string user, std::string password, device_wish device,
               completion<login_result> done);
    // New tokens for those of a device. The old refresh token works until the new access token was
    // used. unknown_token.
    void refresh(std::string refresh_token, completion<login_result> done);
    void logout(caller who, completion<void> done);
    void end_devices(user_key u, std::vector<device_key> which, completion<void> done);
    void rename_device(user_key u, device_key d, std::string display_name, completion<void> done);
    void logout_all(user_key u, completion<void> done);
    // A user that isn't valid() takes as long and is never right.
    void check_password(user_key u, std::string password, completion<bool> done);
    void change_password(user_key u, std::string password, std::optional<device_key> keep,
                         completion<void> done);  // logs out the other devices
    void change_password_only(user_key u, std::string password, completion<void> done);
    void deactivate(user_key u, completion<void> done);

    // --- profile ---
    engine::profile profile(user_key u) const;
    // none: keep. Completes after the commit; the room member events are rooms' part
    // (profile_changed).
    void set_profile(user_key u, std::optional<std::string> displayname,
                     std::optional<std::string> avatar_url, completion<void> done);

    // What another server says of its user, who is a name here: written behind.
    // REQUIRES: the name is held.
    void set_remote_profile(user_key u, std::string displayname, std::string avatar_url);

    // --- filters (stored text, as given) ---
    void add_filter(user_key u, std::string json, completion<std::uint32_t> done);
    void filter(user_key u, std::uint32_t id, completion<std::shared_ptr<const std::string>> done);

    // Called after a device (logout) or account (deactivation) ended, and after a profile changed.
    void on_device_ended(base::unique_function<void(device_key)> f);
    void on_deactivated(base::unique_function<void(user_key)> f);
    void on_profile_changed(base::unique_function<void(user_key)> f);
    // An account was made; the engine knows it, nobody has seen it.
    void on_added(base::unique_function<void(user_key)> f);
    // A new device goes into the store with `set`: what it is to find there may go along. What is
    // returned is called when the device is there, and dropped when it could not be stored.
    using arrival = base::unique_function<void()>;
    void on_new_device(
        base::unique_function<arrival(user_key, device_key, ports::write_set& set)> f);
    // A device goes for good with `set`, which is committed at `position`: what belongs to it may
    // go along. What is returned is called when it is gone, and dropped when it stayed.
    void on_device_leaving(
        base::unique_function<arrival(user_key, std::string_view device_id, std::uint64_t position,
                                      ports::write_set& set)>
            f);

    // As above, for a device whose display name changes.
    void on_device_renamed(
        base::unique_function<arrival(user_key, std::uint64_t position, ports::write_set& set)> f);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
