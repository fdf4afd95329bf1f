#include "homeserver/accounts.h"

#include <sodium.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "homeserver/accounts/impl.h"

namespace porchlight::homeserver {

namespace {

constexpr std::string_view device_ceiling = "next_device";

base::metrics::counter logins{"porchlight_logins_total", "Log-ins that succeeded."};
base::metrics::counter refused_logins{"porchlight_logins_refused_total",
                                      "Log-ins with a wrong name or password."};
base::metrics::counter device_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                    "limit=\"devices_per_user\""};

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

// --- devices ---

// `same`: the device that logs in again.
outcome<accounts::impl::new_device> accounts::impl::make_device(user_key u, device_wish wish,
                                                                std::optional<device_key> same) {
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
    d.key = same ? *same : device_key{next_device++};
    d.logs_in_again = same.has_value();
    d.access_token = "plt_" + ports::random_text(s.random, 40);
    d.info.user = u;
    d.info.device_id = std::move(wish.device_id);
    d.info.display_name = std::move(wish.display_name);
    d.info.hash = hash_token(d.access_token);
    d.info.created = now().wall;
    if (wish.refreshes) {
        d.refresh = refresh_tokens::make(s.random, now().wall + s.config.access_token_lifetime);
    }
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
    refreshes.end(d);
    s.engine.device_removed(u, d, now());
    for (auto& each : on_device_ended) {
        each(d);
    }
}

void accounts::impl::add_device_rows(ports::write_set& set, new_device& d) {
    set.push_back(row_of(d));
    if (d.refresh) {
        set.push_back(refresh_tokens::row_of(d.info.user, d.info.device_id, d.refresh->stored));
    } else if (refreshes.find(d.key) != nullptr) {
        set.push_back(refresh_tokens::removal_of(d.info.user, d.info.device_id));
    }
    if (d.logs_in_again) {
        return;
    }
    set.push_back(device_ceiling_row());
    for (auto& each : on_new_device) {
        d.arrivals.push_back(each(d.info.user, d.key, set));
    }
}

// Rows and callbacks of a device that goes for good.
std::vector<accounts::arrival> accounts::impl::add_departure(ports::write_set& set, device_key d,
                                                             std::uint64_t position) {
    const auto* info = table.find_device(d);
    set.push_back(ports::device_removal{d});
    if (refreshes.find(d) != nullptr) {
        set.push_back(refresh_tokens::removal_of(info->user, info->device_id));
    }
    std::vector<arrival> after;
    after.reserve(on_device_leaving.size());
    for (auto& each : on_device_leaving) {
        after.push_back(each(info->user, info->device_id, position, set));
    }
    return after;
}

login_result accounts::impl::enter(new_device d) {
    const user_key u = d.info.user;
    if (d.logs_in_again) {  // the streams of the old token end
        table.remove_device(d.key);
        s.engine.device_removed(u, d.key, now());
    }
    login_result r{std::string{table.user_id(u)}, std::move(d.access_token), d.info.device_id,
                   caller{u, d.key}};
    refreshes.end(d.key);
    if (d.refresh) {
        refreshes.add(d.key, d.refresh->stored);
        r.refresh_token = std::move(d.refresh->token);
        r.lifetime = s.config.access_token_lifetime;
    }
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
    const auto position = s.log.next_position();
    std::vector<arrival> after;
    for (const device_key d : which) {
        std::ranges::move(add_departure(more, d, position), std::back_inserter(after));
    }
    s.log.commit(position, std::move(more),
                 [this, u, which = std::move(which), after = std::move(after),
                  f = std::move(applied)](bool ok) mutable {
                     if (ok) {
                         for (const device_key d : which) {
                             drop_device(d);
                         }
                         for (auto& each : after) {
                             each();
                         }
                     }
                     f(ok);
                     changes.leave(u);
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
        std::optional<device_key> ended;
        const auto same = table.find_device(u, wish.device_id);
        if (same) {
            if (wish.display_name.empty()) {
                wish.display_name = table.find_device(*same)->display_name;
            }
        } else if (const auto all = table.devices(u);
                   all.size() >= base::limits::devices_per_user_max) {
            device_limit.add();
            ended = all.front();
        }
        auto d = make_device(u, std::move(wish), same);
        if (!d) {
            refuse(d.error());
            return;
        }
        ports::write_set set;
        add_device_rows(set, *d);
        const auto position = s.log.next_position();
        std::vector<arrival> after;
        if (ended) {
            after = add_departure(set, *ended, position);
        }
        s.log.commit(position, std::move(set),
                     [this, u, ended, after = std::move(after), d = std::move(*d),
                      f = std::move(f)](bool ok) mutable {
                         if (ok) {
                             if (ended) {
                                 drop_device(*ended);
                             }
                             for (auto& each : after) {
                                 each();
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

void accounts::set_remote_profile(user_key u, std::string displayname, std::string avatar_url) {
    impl& m = *impl_;
    const auto& before = m.table.profile_of(u);
    if (before.displayname == displayname && before.avatar_url == avatar_url) {
        return;
    }
    m.s.log.write_behind({ports::profile_row{u, displayname, avatar_url}}, [](bool) {});
    m.table.set_profile(u, {std::move(displayname), std::move(avatar_url)});
    m.s.engine.profile_changed(u, m.now());
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
    m.refreshes.load(store, [&m](user_key u, std::string_view device_id) {
        return m.table.find_device(u, device_id);
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

accounts::found_part accounts::starting_with(std::string_view prefix, user_key from,
                                             std::size_t look_at, std::size_t most) const {
    const account_table& table = impl_->table;
    found_part found;
    std::uint32_t key = from.value;
    for (; key < table.key_bound() && look_at > 0 && found.users.size() < most; ++key, --look_at) {
        const user_key u{key};
        if (table.has(u) && table.user_id(u).starts_with(prefix)) {
            found.users.push_back(u);
        }
    }
    if (key < table.key_bound()) {
        found.next = user_key{key};
    }
    return found;
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
    return {d, info->device_id, info->display_name, info->created, info->last_seen};
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

void accounts::on_device_leaving(
    base::unique_function<arrival(user_key, std::string_view, std::uint64_t, ports::write_set&)>
        f) {
    impl_->on_device_leaving.push_back(std::move(f));
}

}  // namespace porchlight::homeserver
