#include <algorithm>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/media/impl.h"

// From an id to the bytes.
namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter waiters_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                     "limit=\"media_waiters\""};

}  // namespace

void media::impl::waiter::call() {
    if (!std::exchange(called, true)) {
        std::exchange(go_on, nullptr)();
    }
}

// `go_on` without a failure: look into the store. With: the id is created and stays without bytes.
void media::impl::when_uploaded(const std::string& media_id, base::milliseconds wait,
                                base::unique_function<void(std::optional<failure>)> go_on) {
    const auto found = created.find(media_id);
    if (found == created.end() ||
        (!found->second.taken && found->second.expires <= s.clock.now().wall)) {
        go_on(std::nullopt);
        return;
    }
    if (wait.count() <= 0 || waiters >= limits::media_waiters_max) {
        if (wait.count() > 0) {
            waiters_limit.add();
        }
        go_on(fail(errc::not_yet_uploaded));
        return;
    }
    auto w = std::make_shared<waiter>();
    w->go_on = [this, media_id, f = std::move(go_on)]() mutable {
        --waiters;
        f(created.contains(media_id) ? std::optional{fail(errc::not_yet_uploaded)} : std::nullopt);
    };
    ++waiters;
    found->second.waiting.push_back(w);
    s.decider.post_after(
        std::min<base::milliseconds>(wait, limits::media_wait_max), [this, w, media_id] {
            w->call();
            if (const auto still = created.find(media_id); still != created.end()) {
                std::erase(still->second.waiting, w);
            }
        });
}

media::opened media::impl::open_cold(impl& m, const std::string& media_id,
                                     const std::optional<byte_range>& range,
                                     outcome<void>& problem) {
    opened o;
    auto row = m.s.store.media(media_id);
    if (!row) {
        problem = fail(errc::not_found, "There is no such media here.");
        return o;
    }
    o.whole = row->bytes;
    o.part = {0, o.whole};
    if (range) {
        const auto part = part_of(*range, o.whole);
        if (!part) {
            problem = fail(errc::range_not_satisfiable);
            return o;
        }
        o.part = *part;
    }
    o.rest = {ports::media_kind::upload, row->media_id};
    const auto first = std::min<std::uint64_t>(o.part.bytes, limits::media_piece_bytes);
    auto bytes = m.files.read(o.rest.kind, o.rest.name, o.part.offset, first);
    if (!bytes || bytes->size() != first) {
        throw ports::media_error("the file of media " + media_id + " is missing or too short");
    }
    o.begin = std::move(*bytes);
    o.content_type = row->content_type;
    o.row = std::move(*row);
    return o;
}

void media::open(std::string media_id, base::milliseconds wait, std::optional<byte_range> range,
                 completion<opened> done) {
    impl& m = *impl_;
    m.when_uploaded(
        media_id, wait,
        [&m, media_id, range, f = std::move(done)](std::optional<failure> problem) mutable {
            if (problem) {
                f(*problem);
                return;
            }
            m.cold<opened>(
                [&m, media_id, range]() -> outcome<opened> {
                    outcome<void> found;
                    auto o = impl::open_cold(m, media_id, range, found);
                    return found ? outcome<opened>{std::move(o)} : outcome<opened>{found.error()};
                },
                std::move(f));
        });
}

void media::next_piece(piece_name name, std::uint64_t offset, std::size_t bytes,
                       base::unique_function<void(std::optional<std::string>)> done) {
    impl& m = *impl_;
    using piece = base::unique_function<void(std::optional<std::string>)>;
    auto shared = std::make_shared<piece>(std::move(done));
    const bool queued = m.s.cold.run([&m, name = std::move(name), offset, bytes, shared] {
        std::optional<std::string> read;
        try {
            read = m.files.read(name.kind, name.name, offset, bytes);
        } catch (const ports::media_error& e) {
            media_unavailable(e);
        }
        (*shared)(std::move(read));
    });
    if (!queued) {
        (*shared)(std::nullopt);
    }
}

}  // namespace porchlight::homeserver
