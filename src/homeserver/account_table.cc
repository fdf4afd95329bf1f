#include "homeserver/account_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace porchlight::homeserver {

namespace {

constexpr std::size_t arena_block = 64 * 1024;
constexpr std::uint64_t created_max = (std::uint64_t{1} << 48) - 1;

}  // namespace

std::size_t account_table::token_prefix::operator()(const token_hash& t) const {
    std::size_t h = 0;
    std::memcpy(&h, t.data(), sizeof h);
    return h;
}

const account_table::record& account_table::at(user_key u) const {
    ASSERT(u.index() < records_.size() &&
           (records_[u.index()].name_size != 0 || names_.contains(u)));
    return records_[u.index()];
}

account_table::record& account_table::at(user_key u) {
    ASSERT(u.index() < records_.size() &&
           (records_[u.index()].name_size != 0 || names_.contains(u)));
    return records_[u.index()];
}

std::uint32_t account_table::keep(std::string_view name) {
    if (arena_left_ < name.size()) {
        arena_.push_back(std::make_unique<char[]>(arena_block));
        arena_left_ = arena_block;
    }
    const std::size_t place = arena_.size() * arena_block - arena_left_;
    ASSERT(place + name.size() <= std::numeric_limits<std::uint32_t>::max());
    std::memcpy(arena_.back().get() + place % arena_block, name.data(), name.size());
    arena_left_ -= name.size();
    return static_cast<std::uint32_t>(place);
}

// Where the search for a name begins.
std::size_t account_table::slot_of(std::string_view name) const {
    return std::hash<std::string_view>{}(name) & (by_name_.size() - 1);
}

void account_table::put_in_index(user_key u, std::size_t slot) {
    while (by_name_[slot].valid()) {
        slot = (slot + 1) & (by_name_.size() - 1);
    }
    by_name_[slot] = u;
}

// A slot is anywhere in memory. Asked for some names ahead, it is there when it is needed; without
// that, waiting for it is most of a start with a million accounts.
void account_table::index_names() {
    constexpr std::size_t ahead = 16;
    by_name_.assign(std::bit_ceil(std::max<std::size_t>(2 * (count_ + 1), 16)), user_key{});
    std::array<std::pair<user_key, std::size_t>, ahead> next{};
    for (std::size_t i = 0; i < records_.size() + ahead; ++i) {
        auto& [u, slot] = next[i % ahead];
        if (u.valid()) {
            put_in_index(u, slot);
        }
        u = {};
        if (i < records_.size() && records_[i].name_size != 0) {
            u = user_key{static_cast<std::uint32_t>(i)};
            slot = slot_of(user_id(u));
            __builtin_prefetch(&by_name_[slot], 1);
        }
    }
}

void account_table::add(user_key u, std::string_view user_id, wall_time created, bool deactivated) {
    const std::string own{user_id};  // it may be that of the name
    if (const auto known = find_any(own)) {
        ASSERT(*known == u && find_name(u) != nullptr);
        remove_name(u);
    }
    load(u, own, created, deactivated);
    if (2 * count_ > by_name_.size()) {
        index_names();
    } else {
        put_in_index(u, slot_of(own));
    }
}

void account_table::load(user_key u, std::string_view user_id, wall_time created,
                         bool deactivated) {
    ASSERT(u.valid() && !user_id.empty() && user_id.size() <= 255);
    if (u.index() >= records_.size()) {
        records_.resize(u.index() + 1);
    }
    record& r = records_[u.index()];
    ASSERT(r.name_size == 0);
    r.name = keep(user_id);
    r.name_size = user_id.size() & 0xffU;
    r.created =
        static_cast<std::uint64_t>(std::max<std::int64_t>(base::unix_ms(created), 0)) & created_max;
    r.deactivated = deactivated ? 1 : 0;
    ++count_;
}

std::optional<user_key> account_table::find(std::string_view name) const {
    if (by_name_.empty()) {
        return std::nullopt;
    }
    for (std::size_t slot = slot_of(name); by_name_[slot].valid();
         slot = (slot + 1) & (by_name_.size() - 1)) {
        if (user_id(by_name_[slot]) == name) {
            return by_name_[slot];
        }
    }
    return std::nullopt;
}

// --- names that are no account ---

std::optional<user_key> account_table::find_any(std::string_view user_id) const {
    if (const auto account = find(user_id)) {
        return account;
    }
    const auto name = keys_of_names_.find(user_id);
    return name == keys_of_names_.end() ? std::nullopt : std::optional{name->second};
}

void account_table::add_name(user_key u, std::string_view user_id) {
    ASSERT(u.valid() && user_id.size() <= 255 && !find_any(user_id));
    if (u.index() >= records_.size()) {
        records_.resize(u.index() + 1);
    }
    ASSERT(records_[u.index()].name_size == 0 && !names_.contains(u));
    outsider n;
    n.size = user_id.size();
    n.text = std::make_unique<char[]>(n.size);
    std::memcpy(n.text.get(), user_id.data(), n.size);
    keys_of_names_.emplace(std::string_view{n.text.get(), n.size}, u);
    names_.emplace(u, std::move(n));
}

void account_table::remove_name(user_key u) {
    const auto found = names_.find(u);
    ASSERT(found != names_.end());
    keys_of_names_.erase(std::string_view{found->second.text.get(), found->second.size});
    names_.erase(found);
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
        if (records_[k].name_size == 0 && !names_.contains(user_key{k})) {
            all.emplace_back(k);
        }
    }
    return all;
}

std::string_view account_table::user_id(user_key u) const {
    ASSERT(u.index() < records_.size());
    const record& r = records_[u.index()];
    if (r.name_size == 0) {
        const outsider* n = find_name(u);
        ASSERT(n != nullptr);
        return {n->text.get(), n->size};
    }
    return {arena_[r.name / arena_block].get() + r.name % arena_block, r.name_size};
}

void account_table::deactivate(user_key u) {
    record& r = at(u);
    ASSERT(!r.first_device.valid());
    r.deactivated = 1;
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
