#pragma once

#include <algorithm>

#include "homeserver/lists.h"
#include "homeserver/name_keys.h"
#include "presence/visibility.h"
#include "support/house_bench.h"

// Presence lists over a house: whole user ids in, what each half says out.
namespace porchlight::homeserver {

using ids = std::vector<std::string>;

inline std::string id(const std::string& name) {
    return name.starts_with('@') ? name : '@' + name + ":porch.test";
}

struct lists_bench {
    explicit lists_bench(std::shared_ptr<storage::memory_store> kept = nullptr,
                         homeserver::settings wish = test::house_bench::cheap_settings(),
                         bool clean = false, base::milliseconds later = {})
        : house(std::move(kept), std::move(wish), clean, later) {
        house.settle();
    }

    caller user(const std::string& name) { return house.sign_up(name).who; }
    outcome<void> change(const caller& who, ids invite, ids drop = {}) {
        return house.wait<void>([&](auto done) {
            house.lists.change_list(who, {std::move(invite), std::move(drop)}, std::move(done));
        });
    }
    outcome<void> answer(const caller& who, lists::answer a) {
        return house.wait<void>(
            [&](auto done) { house.lists.answer_invites(who, std::move(a), std::move(done)); });
    }
    outcome<void> accept(const caller& who, ids of) { return answer(who, {.accept = of}); }
    outcome<void> deny(const caller& who, ids of) { return answer(who, {.deny = of}); }
    outcome<void> revoke(const caller& who, ids of) { return answer(who, {.revoke = of}); }
    outcome<void> block(const caller& who, ids of) { return answer(who, {.block = of}); }
    outcome<void> unblock(const caller& who, ids of) { return answer(who, {.unblock = of}); }
    outcome<void> policy(const caller& who, std::optional<presence::user_visibility> v,
                         std::optional<presence::auto_accept> a = {}) {
        return house.wait<void>(
            [&](auto done) { house.lists.set_policy(who, v, a, std::move(done)); });
    }
    outcome<void> deactivate(const caller& who) {
        return house.wait<void>(
            [&](auto done) { house.accounts.deactivate(who.user, std::move(done)); });
    }

    // The list, as "@bob:porch.test accepted" or "... pending".
    ids list(const caller& who) const {
        ids all;
        for (const auto& e : house.lists.list_of(who.user)) {
            all.push_back(name(e.subject) + (e.accepted ? " accepted" : " pending"));
        }
        return all;
    }
    std::string name(user_key u) const { return std::string{house.accounts.user_id(u)}; }
    ids names(const std::vector<lists::dated>& rows) const {
        ids all;
        for (const auto& r : rows) {
            all.push_back(name(r.user));
        }
        return all;
    }
    ids names(const std::vector<user_key>& users) const {
        ids all;
        for (const user_key u : users) {
            all.push_back(name(u));
        }
        return all;
    }
    lists::overview overview(const caller& who) const { return house.lists.overview_of(who.user); }
    bool sees(const caller& observer, const caller& subject) const {
        return house.engine.look(observer.user, subject.user, house.clock.at).has_value();
    }
    // Messages that wait for a device, as "type sender".
    ids mail(device_key d) const {
        ids all;
        for (const auto& r : house.store->to_device(d, 0, ~std::uint64_t{0}, 10'000)) {
            all.push_back(r.type + ' ' + r.sender);
        }
        return all;
    }
    // Everything the store has of lists, as text.
    std::string rows() const {
        std::string all;
        const auto line = [&all](const std::string& what, user_key a, user_key b, auto state) {
            all += what + ' ' + std::to_string(a.value) + ' ' + std::to_string(b.value) + ' ' +
                   std::to_string(state) + '\n';
        };
        house.store->list_entries(
            [&](ports::list_entry_row&& r) { line("entry", r.observer, r.subject, r.state); });
        house.store->consents(
            [&](ports::consent_row&& r) { line("consent", r.subject, r.observer, r.state); });
        house.store->blocks([&](ports::block_row&& r) { line("block", r.subject, r.observer, 0); });
        house.store->policies(
            [&](ports::policy_row&& r) { line("policy", r.user, r.user, r.visibility); });
        house.store->names([&](ports::name_row&& r) { all += "name " + r.user_id + '\n'; });
        return all;
    }

    test::house_bench house;
};

}  // namespace porchlight::homeserver
