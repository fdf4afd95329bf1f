#include "homeserver/accounts/refresh_tokens.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "matrix/base64.h"
#include "matrix/json.h"

namespace porchlight::homeserver {

namespace json = boost::json;

namespace {

constexpr std::string_view kind = "refresh_token";  // device id: when it expires, and hashes

std::optional<token_hash> hash_of(const json::object& o, std::string_view name) {
    const auto* text = o.if_contains(name);
    const auto bytes = text != nullptr && text->is_string()
                           ? matrix::from_base64(std::string_view{text->get_string()})
                           : std::nullopt;
    token_hash hash{};
    if (!bytes || bytes->size() != hash.size()) {
        return std::nullopt;
    }
    std::ranges::copy(*bytes, hash.begin());
    return hash;
}

}  // namespace

// Hashes are as random as a hash can be.
std::size_t refresh_tokens::token_prefix::operator()(const token_hash& t) const {
    std::size_t prefix = 0;
    std::memcpy(&prefix, t.data(), sizeof(prefix));
    return prefix;
}

refresh_tokens::fresh refresh_tokens::make(ports::random& random, wall_time expires) {
    fresh f;
    f.token = "plr_" + ports::random_text(random, 40);
    f.stored = {expires, hash_token(f.token)};
    return f;
}

ports::document_row refresh_tokens::row_of(user_key u, const std::string& device_id,
                                           const lease& l) {
    json::object o{{"expires", base::unix_ms(l.expires)},
                   {"refresh", matrix::to_base64(l.refresh)}};
    if (l.before) {
        o["before"] = matrix::to_base64(*l.before);
    }
    return {u, std::string{kind}, device_id, json::serialize(o), 0};
}

ports::document_removal refresh_tokens::removal_of(user_key u, const std::string& device_id) {
    return {u, std::string{kind}, device_id};
}

void refresh_tokens::load(ports::store_reader& store, const device_finder& find_device) {
    store.documents_of_kind(kind, [&](ports::document_row&& row) {
        const auto device = find_device(row.user, row.key);
        const auto v = matrix::parse_json(row.json);
        if (!device || !v || !v->is_object()) {
            return;
        }
        const auto& o = v->get_object();
        const auto refresh = hash_of(o, "refresh");
        const auto expires = matrix::optional_integer(o, "expires");
        if (refresh && expires && *expires) {
            add(*device, {base::from_unix_ms(**expires), *refresh, hash_of(o, "before")});
        }
    });
}

void refresh_tokens::add(device_key d, const lease& l) {
    leases_[d] = l;
    by_token_[l.refresh] = d;
    if (l.before) {
        by_token_[*l.before] = d;
    }
}

void refresh_tokens::end(device_key d) {
    const auto found = leases_.find(d);
    if (found != leases_.end()) {
        arrived(d);
        by_token_.erase(found->second.refresh);
        leases_.erase(found);
    }
}

const refresh_tokens::lease* refresh_tokens::find(device_key d) const {
    const auto found = leases_.find(d);
    return found == leases_.end() ? nullptr : &found->second;
}

std::optional<device_key> refresh_tokens::by_token(const token_hash& refresh) const {
    const auto found = by_token_.find(refresh);
    return found == by_token_.end() ? std::nullopt : std::optional{found->second};
}

bool refresh_tokens::arrived(device_key d) {
    const auto found = leases_.find(d);
    if (found == leases_.end() || !found->second.before) {
        return false;
    }
    by_token_.erase(*found->second.before);
    found->second.before.reset();
    return true;
}

}  // namespace porchlight::homeserver
