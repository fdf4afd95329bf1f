#include "homeserver/stored_filters.h"

#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "homeserver/durable_log.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter filter_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                    "limit=\"filters_per_user\""};

}  // namespace

void stored_filters::remember(std::uint64_t key, std::shared_ptr<const std::string> text) {
    if (young_.size() >= base::limits::filter_cache_max / 2) {
        old_ = std::move(young_);
        young_.clear();
    }
    young_[key] = std::move(text);
}

// On a cold thread nothing of the account changes: its queue is held.
void stored_filters::find_or_add(user_key u, std::string json, completion<std::uint32_t> done) {
    struct finding {
        bool read = false;
        std::uint32_t count = 0;
        std::optional<std::uint32_t> same;
        std::string json;
    };
    auto found = std::make_shared<finding>();
    found->json = std::move(json);
    auto f = std::make_shared<completion<std::uint32_t>>(std::move(done));
    auto finish = [this, u, f, found] {
        const auto answer = [&](outcome<std::uint32_t> r) {
            (*f)(std::move(r));
            changes_.leave(u);
        };
        if (!found->read || found->same) {
            answer(found->read ? outcome<std::uint32_t>{*found->same} : fail(errc::unavailable));
            return;
        }
        if (found->count >= base::limits::filters_per_user_max) {
            filter_limit.add();
            answer(fail(errc::resource_limit,
                        "A user may have at most " +
                            std::to_string(base::limits::filters_per_user_max) + " filters."));
            return;
        }
        ports::write_set set;
        set.push_back(ports::filter_row{u, found->count, found->json});
        s_.log.commit(s_.log.next_position(), std::move(set), [this, u, f, found](bool ok) {
            (*f)(ok ? outcome<std::uint32_t>{found->count} : fail(errc::unavailable));
            changes_.leave(u);
        });
    };
    const bool queued = s_.cold.run([this, u, found, finish] {
        try {
            found->count = s_.store.filter_count(u);
            for (std::uint32_t i = 0; i < found->count && !found->same; ++i) {
                if (s_.store.filter(u, i) == found->json) {
                    found->same = i;
                }
            }
            found->read = true;
        } catch (const ports::store_error& e) {
            base::log::error("homeserver", "reading filters failed", {{"error", e.what()}});
        }
        s_.decider.post(finish);
    });
    if (!queued) {
        (*f)(fail(errc::unavailable));
        changes_.leave(u);
    }
}

void stored_filters::add(user_key u, std::string json, completion<std::uint32_t> done) {
    if (json.size() > base::limits::filter_bytes_max) {
        done(fail(errc::invalid_param, "A filter may have at most " +
                                           std::to_string(base::limits::filter_bytes_max) +
                                           " bytes."));
        return;
    }
    changes_.enter(u, [this, u, json = std::move(json), f = std::move(done)]() mutable {
        find_or_add(u, std::move(json), std::move(f));
    });
}

void stored_filters::read(user_key u, std::uint32_t id,
                          completion<std::shared_ptr<const std::string>> done) {
    const std::uint64_t key = (std::uint64_t{u.value} << 32) | id;
    for (auto* cache : {&young_, &old_}) {
        if (const auto found = cache->find(key); found != cache->end()) {
            const auto text = found->second;
            if (cache == &old_) {
                remember(key, text);
            }
            done(text);
            return;
        }
    }
    using text_ptr = std::shared_ptr<const std::string>;
    auto f = std::make_shared<completion<text_ptr>>(std::move(done));
    const bool queued = s_.cold.run([this, u, id, key, f] {
        outcome<text_ptr> found = fail(errc::unavailable);
        try {
            auto text = s_.store.filter(u, id);
            found = text ? outcome<text_ptr>{std::make_shared<const std::string>(std::move(*text))}
                         : fail(errc::not_found, "There is no filter with this id.");
        } catch (const ports::store_error& e) {
            base::log::error("homeserver", "reading a filter failed", {{"error", e.what()}});
        }
        s_.decider.post([this, key, f, found] {
            if (found) {
                remember(key, *found);
            }
            (*f)(found);
        });
    });
    if (!queued) {
        (*f)(fail(errc::unavailable));
    }
}

}  // namespace porchlight::homeserver
