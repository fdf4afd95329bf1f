#include "client_api/sync/filter_cache.h"

#include "base/limits.h"

namespace porchlight::client_api {

namespace {

std::uint64_t name_of(base::user_key u, std::uint32_t id) {
    return (std::uint64_t{u.value} << 32) | id;
}

}  // namespace

template <class Key>
filter_ptr filter_cache::generations<Key>::find(const Key& key) {
    if (const auto found = young_.find(key); found != young_.end()) {
        return found->second;
    }
    const auto found = old_.find(key);
    if (found == old_.end()) {
        return nullptr;
    }
    filter_ptr f = std::move(found->second);
    old_.erase(found);
    keep(key, f);
    return f;
}

template <class Key>
void filter_cache::generations<Key>::keep(const Key& key, filter_ptr f) {
    if (young_.size() >= base::limits::compiled_filters_max) {
        old_ = std::move(young_);
        young_.clear();
    }
    young_.insert_or_assign(key, std::move(f));
}

matrix::outcome<filter_ptr> filter_cache::compile(const std::string& text) {
    if (filter_ptr known = by_text_.find(text)) {
        return known;
    }
    auto compiled = compile_filter(text, names_);
    if (compiled) {
        by_text_.keep(text, *compiled);
    }
    return compiled;
}

filter_ptr filter_cache::find(base::user_key u, std::uint32_t id) {
    return by_id_.find(name_of(u, id));
}

void filter_cache::remember(base::user_key u, std::uint32_t id, filter_ptr f) {
    by_id_.keep(name_of(u, id), std::move(f));
}

}  // namespace porchlight::client_api
