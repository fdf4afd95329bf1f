#include "homeserver/account_table.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace porchlight::homeserver {

namespace {

constexpr std::size_t arena_block = 64 * 1024;

}  // namespace

std::size_t account_table::name_hash::operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
}

std::size_t account_table::token_prefix::operator()(const token_hash& t) const {
    std::size_t h = 0;
    std::memcpy(&h, t.data(), sizeof h);
    return h;
}

const account_table::record& account_table::at(user_key u) const {
    ASSERT(u.index() < records_.size() && records_[u.index()].name != nullptr);
    return records_[u.index()];
}

account_table::record& account_table::at(user_key u) {
    ASSERT(u.index() < records_.size() && records_[u.index()].name != nullptr);
    return records_[u.index()];
}

const char* account_table::keep(std::string_view name) {
    if (arena_left_ < name.size()) {
        arena_.push_back(std::make_unique<char[]>(arena_block));
        arena_left_ = arena_block;
    }
    char* place = arena_.back().get() + (arena_block - arena_left_);
    std::memcpy(place, name.data(), name.size());
    arena_left_ -= name.size();
    return place;
}

account_table::record& account_table::put(user_key u, const char* text, std::size_t size) {
    if (u.index() >= records_.size()) {
        records_.resize(u.index() + 1);
    }
    record& r = records_[u.index()];
    ASSERT(r.name == nullptr);
    r.name = text;
    r.name_size = static_cast<std::uint8_t>(size);
    by_name_.insert(u);
    return r;
}

void account_table::add(user_key u, std::string_view user_id, wall_time created, bool deactivated) {
    ASSERT(u.valid() && user_id.size() <= 255 && !find(user_id));
    const char* kept = keep(user_id);
    if (const auto known = find_any(user_id)) {
        ASSERT(*known == u);
        remove_name(u);
    }
    record& r = put(u, kept, user_id.size());
    r.created = created;
    r.kind = deactivated ? kind::deactivated : kind::account;
}

std::optional<user_key> account_table::find_any(std::string_view user_id) const {
    const auto found = by_name_.find(user_id);
    return found == by_name_.end() ? std::nullopt : std::optional{*found};
}

std::optional<user_key> account_table::find(std::string_view user_id) const {
    const auto found = find_any(user_id);
    return found && at(*found).kind != kind::name ? found : std::nullopt;
}

void account_table::add_name(user_key u, std::string_view user_id) {
    ASSERT(u.valid() && user_id.size() <= 255 && !find_any(user_id));
    outsider n;
    n.text = std::make_unique<char[]>(user_id.size());
    std::memcpy(n.text.get(), user_id.data(), user_id.size());
    put(u, n.text.get(), user_id.size()).kind = kind::name;
    names_.emplace(u, std::move(n));
}

void account_table::remove_name(user_key u) {
    ASSERT(at(u).kind == kind::name);
    by_name_.erase(u);  // looks the name up
    records_[u.index()] = {};
    names_.erase(u);
}

account_table::outsider* account_table::find_name(user_key u) {
    const auto found = names_.find(u);
    return found == names_.end() ? nullptr : &found->second;
}

const account_table::outsider* account_table::find_name(user_key u) const {
    const auto found = names_.find(u);
    return found == names_.end() ? nullptr : &found->second;
}

std::vector<user_key> account_table::names() const {
    std::vector<user_key> all;
    for (const auto& [u, n] : names_) {
        all.push_back(u);
    }
    return all;
}

std::vector<user_key> account_table::free_keys() const {
    std::vector<user_key> all;
    for (std::uint32_t k = 0; k < key_bound(); ++k) {
        if (records_[k].name == nullptr) {
            all.emplace_back(k);
        }
    }
    return all;
}

std::string_view account_table::user_id(user_key u) const {
    const record& r = at(u);
    return {r.name, r.name_size};
}

void account_table::deactivate(user_key u) {
    record& r = at(u);
    ASSERT(!r.first_device.valid());
    r.kind = kind::deactivated;
    profiles_.erase(u);
}

void account_table::add_device(device_key d, device info) {
    record& owner = at(info.user);
    info.next = owner.first_device;
    owner.first_device = d;
    const bool new_token = tokens_.emplace(info.hash, d).second;
    const bool new_device = devices_.emplace(d, std::move(info)).second;
    ASSERT(new_token && new_device);
}

void account_table::remove_device(device_key d) {
    const auto found = devices_.find(d);
    ASSERT(found != devices_.end());
    device_key* link = &at(found->second.user).first_device;
    while (*link != d) {
        link = &devices_.find(*link)->second.next;
    }
    *link = found->second.next;
    tokens_.erase(found->second.hash);
    devices_.erase(d);
}

const account_table::device* account_table::find_device(device_key d) const {
    const auto found = devices_.find(d);
    return found == devices_.end() ? nullptr : &found->second;
}

std::optional<device_key> account_table::find_device(user_key u, std::string_view device_id) const {
    for (device_key d = at(u).first_device; d.valid(); d = find_device(d)->next) {
        if (find_device(d)->device_id == device_id) {
            return d;
        }
    }
    return std::nullopt;
}

std::vector<device_key> account_table::devices(user_key u) const {
    std::vector<device_key> all;
    for (device_key d = at(u).first_device; d.valid(); d = find_device(d)->next) {
        all.push_back(d);
    }
    std::sort(all.begin(), all.end());  // keys grow with time
    return all;
}

std::optional<device_key> account_table::find_token(const token_hash& t) const {
    const auto found = tokens_.find(t);
    return found == tokens_.end() ? std::nullopt : std::optional{found->second};
}

const account_table::profile& account_table::profile_of(user_key u) const {
    static const profile none;
    const auto found = profiles_.find(u);
    return found == profiles_.end() ? none : found->second;
}

void account_table::set_profile(user_key u, profile p) {
    if (p.displayname.empty() && p.avatar_url.empty()) {
        profiles_.erase(u);
    } else {
        profiles_[u] = std::move(p);
    }
}

}  // namespace porchlight::homeserver
