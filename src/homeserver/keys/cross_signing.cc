#include "base/limits.h"
#include "homeserver/keys/impl.h"
#include "homeserver/keys/key_checks.h"

namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

using decision = document_changes::decision;

// Does the wish say something else than what is there? Signatures don't count.
bool is_other(const json::object& known, const json::object& wish) {
    return known.empty() || public_key_of(known) != public_key_of(wish);
}

struct keys_wished {
    std::string_view usage;
    const std::optional<json::value>& key;
};

matrix::outcome<decision> decide_cross_signing(ports::store_reader& store, user_key u,
                                               const std::string& user_id,
                                               const device_keys::cross_signing_wish& w,
                                               bool authenticated) {
    decision d;
    const auto known_master = read_object(store, u, key_kinds::crossed, "master");
    const json::object& master = w.master ? w.master->get_object() : known_master;
    if (master.empty()) {
        return fail(errc::missing_param, "There is no master_key, and none was given.");
    }
    bool changes = false;
    for (const auto& [usage, key] :
         {keys_wished{"master", w.master}, keys_wished{"self_signing", w.self_signing},
          keys_wished{"user_signing", w.user_signing}}) {
        if (!key) {
            continue;
        }
        const json::object& wish = key->get_object();
        if (usage != "master") {
            if (auto r = check_signed_by_master(wish, master, user_id, usage); !r) {
                return r.error();
            }
        }
        changes = changes || is_other(read_object(store, u, key_kinds::crossed, usage), wish);
        d.set.push_back(document_of(u, key_kinds::crossed, std::string{usage}, wish));
    }
    // The first keys need no password: a client makes them when it logs in.
    if (changes && !known_master.empty() && !authenticated) {
        return fail(errc::unauthorized);
    }
    d.set.push_back(
        ports::document_row{u, std::string{key_kinds::list}, {}, "{}", document_changes::now});
    return d;
}

}  // namespace

void device_keys::set_cross_signing(caller who, cross_signing_wish w, bool authenticated,
                                    completion<json::object> done) {
    impl& m = *impl_;
    const std::string user_id{m.a.user_id(who.user)};
    if (!w.master && !w.self_signing && !w.user_signing) {
        done(fail(errc::missing_param,
                  "Give a master_key, a self_signing_key or a user_signing_key."));
        return;
    }
    for (const auto& [usage, key] :
         {keys_wished{"master", w.master}, keys_wished{"self_signing", w.self_signing},
          keys_wished{"user_signing", w.user_signing}}) {
        if (const auto r =
                key ? check_cross_signing_key(*key, user_id, usage) : matrix::outcome<void>{};
            !r) {
            done(r.error());
            return;
        }
    }
    auto decide = [&m, who, user_id, w = std::move(w), authenticated](ports::store_reader& store) {
        auto d = decide_cross_signing(store, who.user, user_id, w, authenticated);
        if (d) {
            d->applied = [&m, who](std::uint64_t position) { m.announce(who.user, position); };
        }
        return d;
    };
    m.documents.change(who.user, std::move(decide), std::move(done));
}

namespace {

// The signatures in `o` that the signer made.
json::object own_signatures(const json::object& o, std::string_view signer) {
    json::object own;
    const auto* all = o.if_contains("signatures");
    const auto* found = all == nullptr ? nullptr : matrix::find(*all, signer);
    if (found != nullptr && found->is_object()) {
        own[signer] = *found;
    }
    return own;
}

// May this be stored as signatures of `target`'s object `what`? Else why not.
std::optional<failure> unfit(ports::store_reader& store, std::optional<user_key> target,
                             const std::string& what, const json::value& object) {
    const auto* o = object.if_object();
    if (o == nullptr) {
        return fail(errc::invalid_param, "A signed key must be an object.");
    }
    if (!target || what.find('\n') != std::string::npos) {
        return fail(errc::not_found, "There is no such user or key.");
    }
    json::object known = read_object(store, *target, key_kinds::device, what);
    for (const auto* usage : {"master", "self_signing", "user_signing"}) {
        auto key =
            known.empty() ? read_object(store, *target, key_kinds::crossed, usage) : json::object{};
        if (!key.empty() && public_key_of(key) == what) {
            known = std::move(key);
        }
    }
    if (known.empty()) {
        return fail(errc::not_found, "There is no such user or key.");
    }
    for (json::object* each : {&known}) {
        each->erase("signatures");
        each->erase("unsigned");
    }
    json::object given = *o;
    given.erase("signatures");
    given.erase("unsigned");
    if (given != known) {
        return fail(errc::invalid_param, "What was signed is not the key that is here.");
    }
    return std::nullopt;
}

struct target {
    std::string user_id;
    std::optional<user_key> user;
    json::object objects;  // device id or public key -> signed object
};

}  // namespace

void device_keys::add_signatures(caller who, json::object signatures,
                                 completion<json::object> done) {
    impl& m = *impl_;
    std::vector<target> targets;
    for (auto& [user_id, objects] : signatures) {
        if (!objects.is_object()) {
            done(fail(errc::bad_json, "The values must be objects, by device id or key."));
            return;
        }
        targets.push_back({std::string{std::string_view{user_id}}, m.a.find(user_id),
                           std::move(objects.get_object())});
    }
    const std::string signer{m.a.user_id(who.user)};
    auto decide = [&m, who, signer, targets = std::move(targets)](
                      ports::store_reader& store) -> matrix::outcome<decision> {
        decision d;
        json::object failures;
        bool own = false;
        std::uint64_t count = store.document_count(who.user, key_kinds::signature, "");
        for (const target& t : targets) {
            for (const auto& [what, object] : t.objects) {
                const std::string name{std::string_view{what}};
                if (const auto why = unfit(store, t.user, name, object)) {
                    json::value& of_user = failures[t.user_id];
                    if (!of_user.is_object()) {
                        of_user.emplace_object();
                    }
                    of_user.get_object()[name] = json::object{
                        {"errcode", matrix::describe(why->code).errcode}, {"error", why->message}};
                    continue;
                }
                std::string key = key_of(t.user_id, name);
                json::object merged{
                    {"signatures", read_object(store, who.user, key_kinds::signature, key)}};
                merge_signatures(merged, own_signatures(object.get_object(), signer));
                d.set.push_back(document_of(who.user, key_kinds::signature, std::move(key),
                                            merged.at("signatures")));
                own = own || t.user == who.user;
                ++count;
            }
        }
        if (count > limits::key_signatures_max) {
            return fail(errc::resource_limit, "A user may have signed at most " +
                                                  std::to_string(limits::key_signatures_max) +
                                                  " keys.");
        }
        d.answer["failures"] = std::move(failures);
        if (own) {
            d.set.push_back(impl::announcement(who.user));
        }
        d.applied = [&m, who, own](std::uint64_t position) {
            if (own) {
                m.announce(who.user, position);
            }
        };
        return d;
    };
    m.documents.change(who.user, std::move(decide), std::move(done));
}

}  // namespace porchlight::homeserver
