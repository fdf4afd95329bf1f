#include "homeserver/accounts/impl.h"

namespace porchlight::homeserver {

std::optional<accounts::session> accounts::check_in(const token_hash& t) {
    impl& m = *impl_;
    const auto d = m.table.find_token(t);
    if (!d) {
        return std::nullopt;
    }
    const instant now = m.now();
    const auto* info = m.table.find_device(*d);
    session found{{info->user, *d}};
    if (const auto* lease = m.refreshes.find(*d)) {
        found.has_expired = lease->expires <= now.wall;
        if (!found.has_expired && m.refreshes.arrived(*d)) {
            m.s.log.write_behind({refresh_tokens::row_of(info->user, info->device_id, *lease)},
                                 [](bool) {});
        }
    }
    if (!found.has_expired) {
        m.table.device_seen(*d, now.wall);
    }
    return found;
}

accounts::impl::new_device accounts::impl::renewed(device_key d) {
    new_device n;
    n.key = d;
    n.info = *table.find_device(d);
    n.access_token = "plt_" + ports::random_text(s.random, 40);
    n.info.hash = hash_token(n.access_token);
    n.refresh = refresh_tokens::make(s.random, now().wall + s.config.access_token_lifetime);
    return n;
}

void accounts::refresh(std::string refresh_token, completion<login_result> done) {
    impl& m = *impl_;
    const token_hash hash = hash_token(refresh_token);
    const auto known = m.refreshes.by_token(hash);
    if (!known) {
        done(fail(errc::unknown_token, "The refresh token is not known; log in again."));
        return;
    }
    const user_key u = m.table.find_device(*known)->user;
    m.changes.enter(u, [&m, u, hash, d = *known, f = std::move(done)]() mutable {
        if (m.refreshes.by_token(hash) != d) {  // it ended meanwhile
            f(fail(errc::unknown_token, "The refresh token is not known; log in again."));
            m.changes.leave(u);
            return;
        }
        auto n = m.renewed(d);
        // Whoever presents the older one did not get the newer: that one ends.
        n.refresh->stored.before = hash;
        ports::write_set set{impl::row_of(n),
                             refresh_tokens::row_of(u, n.info.device_id, n.refresh->stored)};
        const auto position = m.s.log.next_position();
        m.s.log.commit(position, std::move(set),
                       [&m, u, n = std::move(n), f = std::move(f)](bool ok) mutable {
                           if (ok) {
                               login_result r{std::string{m.table.user_id(u)},
                                              std::move(n.access_token),
                                              n.info.device_id,
                                              caller{u, n.key},
                                              std::move(n.refresh->token),
                                              m.s.config.access_token_lifetime};
                               // The streams of the old access token go on until they are answered.
                               m.table.remove_device(n.key);
                               m.table.add_device(n.key, std::move(n.info));
                               m.refreshes.end(n.key);
                               m.refreshes.add(n.key, n.refresh->stored);
                               f(std::move(r));
                           } else {
                               f(fail(errc::unavailable));
                           }
                           m.changes.leave(u);
                       });
    });
}

void accounts::end_devices(user_key u, std::vector<device_key> which, completion<void> done) {
    impl& m = *impl_;
    m.changes.enter(u, [&m, u, which = std::move(which), f = std::move(done)]() mutable {
        std::erase_if(which, [&m, u](device_key d) {
            const auto* info = m.table.find_device(d);
            return info == nullptr || info->user != u;
        });
        m.remove_devices(u, std::move(which), {}, [f = std::move(f)](bool ok) mutable {
            f(ok ? outcome<void>{} : fail(errc::unavailable));
        });
    });
}

void accounts::rename_device(user_key u, device_key d, std::string display_name,
                             completion<void> done) {
    impl& m = *impl_;
    if (display_name.size() > base::limits::displayname_bytes_max) {
        done(too_long("A device's name", base::limits::displayname_bytes_max));
        return;
    }
    m.changes.enter(u, [&m, u, d, name = std::move(display_name), f = std::move(done)]() mutable {
        const auto* info = m.table.find_device(d);
        if (info == nullptr || info->user != u || info->display_name == name) {
            f(info == nullptr || info->user != u ? fail(errc::not_found) : outcome<void>{});
            m.changes.leave(u);
            return;
        }
        impl::new_device changed;
        changed.key = d;
        changed.info = *info;
        changed.info.display_name = name;
        ports::write_set set{impl::row_of(changed)};
        const auto position = m.s.log.next_position();
        std::vector<arrival> after;
        for (auto& each : m.on_device_renamed) {
            after.push_back(each(u, position, set));
        }
        m.s.log.commit(position, std::move(set),
                       [&m, u, d, name = std::move(name), after = std::move(after),
                        f = std::move(f)](bool ok) mutable {
                           if (ok) {
                               m.table.rename_device(d, std::move(name));
                               for (auto& each : after) {
                                   each();
                               }
                           }
                           f(ok ? outcome<void>{} : fail(errc::unavailable));
                           m.changes.leave(u);
                       });
    });
}

void accounts::on_device_renamed(
    base::unique_function<arrival(user_key, std::uint64_t, ports::write_set&)> f) {
    impl_->on_device_renamed.push_back(std::move(f));
}

}  // namespace porchlight::homeserver
