#include "homeserver/name_keys.h"

#include <utility>

#include "homeserver/durable_log.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {

void name_keys::load(ports::store_reader& store) {
    store.names([&](ports::name_row&& r) {
        if (table_.find_any(r.user_id)) {  // became an account while something was written of it
            stale_.push_back(ports::name_removal{r.user});
            return;
        }
        table_.add_name(r.user, r.user_id);
        table_.find_name(r.user)->stored = true;
        count(r.user, 1);
    });
    next_ = table_.key_bound();
    free_ = table_.free_keys();
}

void name_keys::drop_unheld() {
    if (!stale_.empty()) {
        s_.log.write_behind(std::exchange(stale_, {}), [](bool) {});
    }
    for (const user_key u : table_.names()) {
        hold(u);
        let_go(u);
    }
}

std::optional<user_key> name_keys::find(std::string_view user_id) const {
    return table_.find_any(user_id);
}

bool name_keys::is_account(user_key u) const {
    return table_.find_name(u) == nullptr;
}

user_key name_keys::new_key() {
    if (free_.empty()) {
        return user_key{next_++};
    }
    const user_key u = free_.back();
    free_.pop_back();
    return u;
}

user_key name_keys::hold(std::string_view user_id) {
    auto u = find(user_id);
    if (!u) {
        u = new_key();
        table_.add_name(*u, user_id);
        count(*u, 1);
    }
    hold(*u);
    return *u;
}

void name_keys::hold(user_key u) {
    if (auto* name = table_.find_name(u)) {
        ++name->holds;
    }
}

void name_keys::let_go(user_key u) {
    auto* name = table_.find_name(u);
    if (name == nullptr || --name->holds != 0) {
        return;
    }
    if (!name->stored) {
        forget(u);
        return;
    }
    ++name->removals;  // until the row is gone the name may be held again
    s_.log.write_behind({ports::name_removal{u}}, [this, u](bool ok) { row_removed(u, ok); });
}

void name_keys::row_removed(user_key u, bool ok) {
    auto* name = table_.find_name(u);
    // An account by now, or held again; a row that could not be removed is found at the next start.
    if (name != nullptr && --name->removals == 0 && name->holds == 0 && ok) {
        forget(u);
    }
}

std::size_t name_keys::count_of(std::string_view server) const {
    const auto found = by_server_.find(std::string{server});
    return found == by_server_.end() ? 0 : found->second;
}

void name_keys::count(user_key u, int change) {
    const std::string server{matrix::parse_user_id(table_.user_id(u))->server};
    const auto names = by_server_.try_emplace(server).first;
    names->second += change;
    if (names->second == 0) {
        by_server_.erase(names);
    }
}

void name_keys::forget(user_key u) {
    count(u, -1);
    table_.set_profile(u, {});
    table_.remove_name(u);
    free_.push_back(u);
}

void name_keys::add_row(ports::write_set& set, user_key u) {
    if (auto* name = table_.find_name(u)) {
        name->stored = true;
        set.push_back(ports::name_row{u, std::string{table_.user_id(u)}});
    }
}

void name_keys::add_removal(ports::write_set& set, user_key u) const {
    if (const auto* name = table_.find_name(u); name != nullptr && name->stored) {
        set.push_back(ports::name_removal{u});
    }
}

}  // namespace porchlight::homeserver
