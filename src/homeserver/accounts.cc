#include "homeserver/accounts.h"

#include <sodium.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "homeserver/account_table.h"
#include "homeserver/durable_log.h"
#include "homeserver/key_queue.h"
#include "homeserver/name_keys.h"
#include "homeserver/passwords.h"
#include "homeserver/stored_filters.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

namespace {

constexpr std::string_view device_ceiling = "next_device";

base::metrics::counter registrations{"porchlight_registrations_total", "Accounts made."};
base::metrics::counter logins{"porchlight_logins_total", "Log-ins that succeeded."};
base::metrics::counter refused_logins{"porchlight_logins_refused_total",
                                      "Log-ins with a wrong name or password."};
base::metrics::counter device_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                    "limit=\"devices_per_user\""};

failure too_long(std::string_view what, std::size_t most) {
    return fail(errc::invalid_param,
                std::string{what} + " may have at most " + std::to_string(most) + " bytes.");
}

failure wrong_login() {
    return fail(errc::forbidden, "The user name or password is wrong.");
}

}  // namespace

token_hash hash_token(std::string_view access_token) {
    token_hash hash{};
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(access_token.data()),
                       access_token.size(), nullptr, 0);
    return hash;
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
    stored_filters filters{s, changes};

    instant now() const { return s.clock.now(); }

    // A device on its way into the store.
    struct new_device {
        device_key key;
        account_table::device info;
        std::string access_token;
        std::vector<arrival> arrivals;  // to be called when it is there
    };
    outcome<new_device> make_device(user_key u, device_wish wish);
    static ports::device_row row_of(const new_device& d);
    ports::meta_row device_ceiling_row() const;
    void drop_device(device_key d);
    void add_device_rows(ports::write_set& set, new_device& d);
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

// --- devices ---

outcome<accounts::impl::new_device> accounts::impl::make_device(user_key u, device_wish wish) {
    if (wish.device_id.size() > base::limits::id_bytes_max) {
        return too_long("A device_id", base::limits::id_bytes_max);
    }
    if (wish.display_name.size() > base::limits::displayname_bytes_max) {
        return too_long("A device's name", base::limits::displayname_bytes_max);
    }
    new_device d;
    if (wish.device_id.empty()) {
        wish.device_id = ports::random_text(s.random, 10);
        for (char& c : wish.device_id) {
            c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
    }
    d.key = device_key{next_device++};
    d.access_token = "plt_" + ports::random_text(s.random, 40);
    d.info.user = u;
    d.info.device_id = std::move(wish.device_id);
    d.info.display_name = std::move(wish.display_name);
    d.info.hash = hash_token(d.access_token);
    d.info.created = now().wall;
    return d;
}

ports::device_row accounts::impl::row_of(const new_device& d) {
    return {d.key,
            d.info.user,
            d.info.device_id,
            d.info.display_name,
            std::string{reinterpret_cast<const char*>(d.info.hash.data()), d.info.hash.size()},
            d.info.created};
}

// Keys are never used again, not even that of the last device when it is gone.
ports::meta_row accounts::impl::device_ceiling_row() const {
    return {std::string{device_ceiling}, std::to_string(next_device)};
}

void accounts::impl::drop_device(device_key d) {
    const user_key u = table.find_device(d)->user;
    table.remove_device(d);
    s.engine.device_removed(u, d, now());
    for (auto& each : on_device_ended) {
        each(d);
    }
}

void accounts::impl::add_device_rows(ports::write_set& set, new_device& d) {
    set.push_back(row_of(d));
    set.push_back(device_ceiling_row());
    for (auto& each : on_new_device) {
        d.arrivals.push_back(each(d.info.user, d.key, set));
    }
}

login_result accounts::impl::enter(new_device d) {
    const user_key u = d.info.user;
    login_result r{std::string{table.user_id(u)}, std::move(d.access_token), d.info.device_id,
                   caller{u, d.key}};
    table.add_device(d.key, std::move(d.info));
    s.engine.active(u, d.key, now());
    for (auto& arrived : d.arrivals) {
        arrived();
    }
    return r;
}

void accounts::impl::remove_devices(user_key u, std::vector<device_key> which,
                                    ports::write_set more,
                                    base::unique_function<void(bool)> applied) {
    for (const device_key d : which) {
        more.push_back(ports::device_removal{d});
    }
    const auto position = s.log.next_position();
    s.log.commit(position, std::move(more),
                 [this, u, which = std::move(which), f = std::move(applied)](bool ok) mutable {
                     if (ok) {
                         for (const device_key d : which) {
                             drop_device(d);
                         }
                     }
                     f(ok);
                     changes.leave(u);
                 });
}

// --- registration ---

void accounts::impl::store_account(std::string user_id, std::string hash,
                                   std::optional<new_device> d, user_key u, bool is_activity,
                                   completion<login_result> done) {
    ports::write_set set;
    const wall_time created = now().wall;
    set.push_back(ports::account_row{u, user_id, std::move(hash), created, false});
    names.add_removal(set, u);
    if (d) {
        add_device_rows(set, *d);
    }
    const auto position = s.log.next_position();
    s.log.commit(position, std::move(set),
                 [this, u, created, is_activity, user_id = std::move(user_id), d = std::move(d),
                  f = std::move(done)](bool ok) mutable {
                     reserved.erase(user_id);
                     if (!ok) {
                         names.let_go(u);
                         f(fail(errc::unavailable));
                         return;
                     }
                     table.add(u, user_id, created, false);
                     registrations.add();
                     s.engine.user_added(u, now());
                     for (auto& each : on_added) {
                         each(u);
                     }
                     if (d) {
                         f(enter(std::move(*d)));
                         return;
                     }
                     if (is_activity) {
                         s.engine.active(u, device_key{}, now());
                     }
                     f(login_result{std::move(user_id), {}, {}, caller{u, device_key{}}});
                 });
}

void accounts::impl::start_registration(std::string localpart, std::string password,
                                        registration wish, completion<login_result> done) {
    std::string user_id = '@' + localpart + ':' + s.config.server_name;
    if (!matrix::is_new_localpart(localpart)) {
        done(fail(errc::invalid_username));
        return;
    }
    if (user_id.size() > base::limits::id_bytes_max) {
        done(fail(errc::invalid_username, "The whole user id may have at most 255 bytes."));
        return;
    }
    if (password.size() > base::limits::password_bytes_max) {
        done(too_long("A password", base::limits::password_bytes_max));
        return;
    }
    if (table.find(user_id) || !reserved.insert(user_id).second) {
        done(fail(errc::user_in_use));
        return;
    }
    auto hash = std::make_shared<std::optional<std::string>>();
    auto f = std::make_shared<completion<login_result>>(std::move(done));
    auto store = [this, hash, f, user_id, wish = std::move(wish)]() mutable {
        std::optional<new_device> d;
        std::optional<failure> refused;
        if (!*hash) {
            refused = fail(errc::unavailable);
        }
        const user_key u = names.hold(user_id);
        if (!refused && wish.device) {
            auto made = make_device(u, std::move(*wish.device));
            if (made) {
                d = std::move(*made);
            } else {
                refused = made.error();
            }
        }
        if (refused) {
            names.let_go(u);
            reserved.erase(user_id);
            (*f)(*refused);
            return;
        }
        store_account(std::move(user_id), std::move(**hash), std::move(d), u, wish.is_activity,
                      std::move(*f));
    };
    if (password.empty()) {
        *hash = "";
        store();
        return;
    }
    const bool queued = hashes.run(
        [hash, password = std::move(password), ops = s.config.argon2_ops,
         memory = s.config.argon2_memory] { *hash = hash_password(password, ops, memory); },
        std::move(store));
    if (!queued) {
        reserved.erase(user_id);
        (*f)(fail(errc::unavailable));
    }
}

void accounts::register_account(std::string localpart, std::string password, device_wish device,
                                bool inhibit_login, completion<login_result> done) {
    if (localpart.empty()) {
        localpart = ports::random_text(impl_->s.random, 12);
        for (char& c : localpart) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    impl::registration wish;
    if (!inhibit_login) {
        wish.device = std::move(device);
    }
    impl_->start_registration(std::move(localpart), std::move(password), std::move(wish),
                              std::move(done));
}

void accounts::add_account(std::string localpart, std::string password, completion<user_key> done) {
    impl_->start_registration(std::move(localpart), std::move(password), {std::nullopt, false},
                              [f = std::move(done)](outcome<login_result> r) mutable {
                                  f(r ? outcome<user_key>{r->who.user} : r.error());
                              });
}

// --- log-in and out ---

void accounts::impl::begin_session(user_key u, device_wish wish, completion<login_result> done) {
    changes.enter(u, [this, u, wish = std::move(wish), f = std::move(done)]() mutable {
        const auto refuse = [&](const failure& why) {
            f(why);
            changes.leave(u);
        };
        if (table.is_deactivated(u)) {
            refuse(wrong_login());
            return;
        }
        std::vector<device_key> ended;
        if (const auto same = table.find_device(u, wish.device_id)) {
            ended.push_back(*same);
            if (wish.display_name.empty()) {
                wish.display_name = table.find_device(*same)->display_name;
            }
        } else if (const auto all = table.devices(u);
                   all.size() >= base::limits::devices_per_user_max) {
            device_limit.add();
            ended.push_back(all.front());
        }
        auto d = make_device(u, std::move(wish));
        if (!d) {
            refuse(d.error());
            return;
        }
        ports::write_set set;
        for (const device_key e : ended) {
            set.push_back(ports::device_removal{e});
        }
        add_device_rows(set, *d);
        const auto position = s.log.next_position();
        s.log.commit(position, std::move(set),
                     [this, u, ended, d = std::move(*d), f = std::move(f)](bool ok) mutable {
                         if (ok) {
                             for (const device_key e : ended) {
                                 drop_device(e);
                             }
                             logins.add();
                             f(enter(std::move(d)));
                         } else {
                             f(fail(errc::unavailable));
                         }
                         changes.leave(u);
                     });
    });
}

void accounts::login(std::string user, std::string password, device_wish device,
                     completion<login_result> done) {
    impl& m = *impl_;
    if (password.size() > base::limits::password_bytes_max) {
        done(too_long("A password", base::limits::password_bytes_max));
        return;
    }
    const auto u = user.starts_with('@') ? find(user) : find(make_user_id(user));
    auto f = std::make_shared<completion<login_result>>(std::move(done));
    check_password(u && !is_deactivated(*u) ? *u : user_key{}, std::move(password),
                   [&m, u, f, device = std::move(device)](outcome<bool> right) mutable {
                       if (!right) {
                           (*f)(right.error());
                       } else if (!*right) {
                           refused_logins.add();
                           (*f)(wrong_login());
                       } else {
                           m.begin_session(*u, std::move(device), std::move(*f));
                       }
                   });
}

void accounts::check_password(user_key u, std::string password, completion<bool> done) {
    impl& m = *impl_;
    auto right = std::make_shared<outcome<bool>>(fail(errc::unavailable));
    auto f = std::make_shared<completion<bool>>(std::move(done));
    const auto work = [right, u, password = std::move(password), &s = m.s] {
        try {
            const auto row = s.store.account(u);
            if (row && !row->password_hash.empty()) {
                *right = password_matches(row->password_hash, password);
            } else {
                // Unknown users take the same time.
                hash_password(password, s.config.argon2_ops, s.config.argon2_memory);
                *right = false;
            }
        } catch (const ports::store_error& e) {
            base::log::error("homeserver", "reading an account failed", {{"error", e.what()}});
        }
    };
    if (!m.hashes.run(work, [right, f] { (*f)(*right); })) {
        (*f)(fail(errc::unavailable));
    }
}

void accounts::logout(caller who, completion<void> done) {
    impl& m = *impl_;
    m.changes.enter(who.user, [&m, who, f = std::move(done)]() mutable {
        if (m.table.find_device(who.device) == nullptr) {
            f(outcome<void>{});  // another request was quicker
            m.changes.leave(who.user);
            return;
        }
        m.remove_devices(who.user, {who.device}, {}, [f = std::move(f)](bool ok) mutable {
            f(ok ? outcome<void>{} : fail(errc::unavailable));
        });
    });
}

void accounts::logout_all(user_key u, completion<void> done) {
    impl& m = *impl_;
    m.changes.enter(u, [&m, u, f = std::move(done)]() mutable {
        m.remove_devices(u, m.table.devices(u), {}, [f = std::move(f)](bool ok) mutable {
            f(ok ? outcome<void>{} : fail(errc::unavailable));
        });
    });
}

void accounts::impl::change_password(user_key u, std::string password,
                                     base::unique_function<bool(device_key)> stays,
                                     completion<void> done) {
    if (password.empty() || password.size() > base::limits::password_bytes_max) {
        done(password.empty() ? fail(errc::weak_password, "A password may not be empty.")
                              : too_long("A password", base::limits::password_bytes_max));
        return;
    }
    struct change {
        std::optional<std::string> hash;
        base::unique_function<bool(device_key)> stays;
        completion<void> done;
    };
    auto c = std::make_shared<change>();
    c->stays = std::move(stays);
    c->done = std::move(done);
    const auto store = [this, u, c] {
        if (!c->hash || table.is_deactivated(u)) {
            c->done(fail(c->hash ? errc::user_deactivated : errc::unavailable));
            changes.leave(u);
            return;
        }
        auto ended = table.devices(u);
        std::erase_if(ended, [&c](device_key d) { return c->stays(d); });
        ports::write_set set;
        set.push_back(ports::account_row{u, std::string{table.user_id(u)}, std::move(*c->hash),
                                         table.created(u), false});
        remove_devices(u, std::move(ended), std::move(set),
                       [c](bool ok) { c->done(ok ? outcome<void>{} : fail(errc::unavailable)); });
    };
    const bool queued = hashes.run(
        [c, password = std::move(password), ops = s.config.argon2_ops,
         memory = s.config.argon2_memory] { c->hash = hash_password(password, ops, memory); },
        [this, u, store] { changes.enter(u, store); });
    if (!queued) {
        c->done(fail(errc::unavailable));
    }
}

void accounts::change_password(user_key u, std::string password, std::optional<device_key> keep,
                               completion<void> done) {
    impl_->change_password(
        u, std::move(password), [keep](device_key d) { return d == keep; }, std::move(done));
}

void accounts::change_password_only(user_key u, std::string password, completion<void> done) {
    impl_->change_password(
        u, std::move(password), [](device_key) { return true; }, std::move(done));
}

void accounts::deactivate(user_key u, completion<void> done) {
    impl& m = *impl_;
    m.changes.enter(u, [&m, u, f = std::move(done)]() mutable {
        if (m.table.is_deactivated(u)) {
            f(outcome<void>{});
            m.changes.leave(u);
            return;
        }
        ports::write_set set;
        set.push_back(
            ports::account_row{u, std::string{m.table.user_id(u)}, {}, m.table.created(u), true});
        set.push_back(ports::profile_row{u, {}, {}});
        ports::status_row nothing;
        nothing.user = u;
        set.push_back(std::move(nothing));
        m.remove_devices(u, m.table.devices(u), std::move(set),
                         [&m, u, f = std::move(f)](bool ok) mutable {
                             if (!ok) {
                                 f(fail(errc::unavailable));
                                 return;
                             }
                             m.table.deactivate(u);
                             m.s.engine.deactivated(u, m.now());
                             for (auto& each : m.on_deactivated) {
                                 each(u);
                             }
                             f(outcome<void>{});
                         });
    });
}

// --- profile ---

engine::profile accounts::profile(user_key u) const {
    const auto& p = impl_->table.profile_of(u);
    return {user_id(u), p.displayname, p.avatar_url};
}

void accounts::set_profile(user_key u, std::optional<std::string> displayname,
                           std::optional<std::string> avatar_url, completion<void> done) {
    impl& m = *impl_;
    using namespace base::limits;
    if (displayname && displayname->size() > displayname_bytes_max) {
        done(too_long("A displayname", displayname_bytes_max));
        return;
    }
    if (avatar_url && avatar_url->size() > avatar_url_bytes_max) {
        done(too_long("An avatar_url", avatar_url_bytes_max));
        return;
    }
    m.changes.enter(u, [&m, u, name = std::move(displayname), avatar = std::move(avatar_url),
                        f = std::move(done)]() mutable {
        account_table::profile p = m.table.profile_of(u);
        const bool same = (!name || *name == p.displayname) && (!avatar || *avatar == p.avatar_url);
        if (same || m.table.is_deactivated(u)) {
            f(same ? outcome<void>{} : fail(errc::user_deactivated));
            m.changes.leave(u);
            return;
        }
        if (name) {
            p.displayname = std::move(*name);
        }
        if (avatar) {
            p.avatar_url = std::move(*avatar);
        }
        ports::write_set set;
        set.push_back(ports::profile_row{u, p.displayname, p.avatar_url});
        const auto position = m.s.log.next_position();
        m.s.log.commit(position, std::move(set),
                       [&m, u, p = std::move(p), f = std::move(f)](bool ok) mutable {
                           if (ok) {
                               m.table.set_profile(u, std::move(p));
                               m.s.engine.profile_changed(u, m.now());
                               for (auto& each : m.on_profile_changed) {
                                   each(u);
                               }
                           }
                           f(ok ? outcome<void>{} : fail(errc::unavailable));
                           m.changes.leave(u);
                       });
    });
}

// --- filters ---

void accounts::add_filter(user_key u, std::string json, completion<std::uint32_t> done) {
    impl_->filters.add(u, std::move(json), std::move(done));
}

void accounts::filter(user_key u, std::uint32_t id,
                      completion<std::shared_ptr<const std::string>> done) {
    impl_->filters.read(u, id, std::move(done));
}

// --- names and loading ---

accounts::accounts(services& s) : impl_(std::make_unique<impl>(s)) {}
accounts::~accounts() = default;

void accounts::load(ports::store_reader& store) {
    impl& m = *impl_;
    m.table.reserve(store.user_bound());
    store.account_names([&m](const ports::account_name& r) {
        m.table.load(r.user, r.user_id, r.created, r.deactivated);
    });
    m.table.index_names();
    store.profiles([&m](ports::profile_row&& r) {
        m.table.set_profile(r.user, {std::move(r.displayname), std::move(r.avatar_url)});
    });
    if (const auto text = store.meta(device_ceiling)) {
        std::from_chars(text->data(), text->data() + text->size(), m.next_device);
    }
    store.devices([&m](ports::device_row&& r) {
        account_table::device d;
        d.user = r.user;
        d.device_id = std::move(r.device_id);
        d.display_name = std::move(r.display_name);
        d.created = r.created;
        ASSERT(r.token_hash.size() == d.hash.size());
        std::copy(r.token_hash.begin(), r.token_hash.end(), d.hash.begin());
        m.next_device = std::max(m.next_device, r.device.value + 1);
        m.table.add_device(r.device, std::move(d));
    });
    m.names.load(store);
}

std::optional<user_key> accounts::find(std::string_view user_id) const {
    return impl_->table.find(user_id);
}

std::string_view accounts::user_id(user_key u) const {
    return impl_->table.user_id(u);
}

bool accounts::is_deactivated(user_key u) const {
    return impl_->table.is_deactivated(u);
}

name_keys& accounts::names() {
    return impl_->names;
}

bool accounts::is_free(std::string_view user_id) const {
    return !find(user_id) && !impl_->reserved.contains(std::string{user_id});
}

std::string accounts::make_user_id(std::string_view localpart) const {
    return '@' + std::string{localpart} + ':' + impl_->s.config.server_name;
}

std::size_t accounts::count() const {
    return impl_->table.count();
}

std::optional<caller> accounts::authenticate(const token_hash& t) const {
    const auto d = impl_->table.find_token(t);
    return d ? std::optional{caller{impl_->table.find_device(*d)->user, *d}} : std::nullopt;
}

bool accounts::exists(device_key d) const {
    return impl_->table.find_device(d) != nullptr;
}

device_info accounts::device(device_key d) const {
    const auto* info = impl_->table.find_device(d);
    ASSERT(info != nullptr);
    return {d, info->device_id, info->display_name, info->created};
}

std::vector<device_info> accounts::devices(user_key u) const {
    std::vector<device_info> all;
    for (const device_key d : impl_->table.devices(u)) {
        all.push_back(device(d));
    }
    return all;
}

void accounts::on_device_ended(base::unique_function<void(device_key)> f) {
    impl_->on_device_ended.push_back(std::move(f));
}

void accounts::on_deactivated(base::unique_function<void(user_key)> f) {
    impl_->on_deactivated.push_back(std::move(f));
}

void accounts::on_profile_changed(base::unique_function<void(user_key)> f) {
    impl_->on_profile_changed.push_back(std::move(f));
}

void accounts::on_added(base::unique_function<void(user_key)> f) {
    impl_->on_added.push_back(std::move(f));
}

void accounts::on_new_device(
    base::unique_function<arrival(user_key, device_key, ports::write_set&)> f) {
    impl_->on_new_device.push_back(std::move(f));
}

}  // namespace porchlight::homeserver
