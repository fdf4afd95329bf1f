#include <algorithm>
#include <cctype>

#include "base/metrics.h"
#include "homeserver/accounts/impl.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {

namespace {

base::metrics::counter registrations{"porchlight_registrations_total", "Accounts made."};

}  // namespace

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
            auto made = make_device(u, std::move(*wish.device), std::nullopt);
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

}  // namespace porchlight::homeserver
