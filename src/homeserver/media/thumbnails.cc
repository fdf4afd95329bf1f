#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "homeserver/media/impl.h"

// Thumbnails: made when first asked for, few at once, kept as files.
namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter waiting_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                     "limit=\"thumbnails_waiting\""};
base::metrics::counter made{"porchlight_media_thumbnails_total", "Thumbnails that were made."};

struct looked_up {
    ports::media_row row;
    std::optional<std::string> kept;
};

}  // namespace

media::opened media::impl::whole_thumbnail(ports::media_row row, std::string name,
                                           std::string bytes) {
    opened o;
    o.row = std::move(row);
    o.content_type = bytes.starts_with('\x89') ? "image/png" : "image/jpeg";
    o.whole = bytes.size();
    o.part = {0, o.whole};
    o.begin = std::move(bytes);
    o.rest = {ports::media_kind::thumbnail, std::move(name)};
    return o;
}

void media::open_thumbnail(std::string media_id, base::milliseconds wait,
                           ports::thumbnail_size wanted, completion<opened> done) {
    impl& m = *impl_;
    const auto size = size_made_for(wanted);
    auto look = [&m, media_id, size]() -> outcome<looked_up> {
        auto row = m.s.store.media(media_id);
        if (!row) {
            return fail(errc::not_found, "There is no such media here.");
        }
        const auto name = thumbnail_name(row->media_id, size);
        auto kept =
            m.files.read(ports::media_kind::thumbnail, name, 0, limits::unsent_bytes_max / 2);
        if (kept && kept->empty()) {
            kept.reset();
        }
        return looked_up{std::move(*row), std::move(kept)};
    };
    auto then = [&m, size, f = std::move(done)](outcome<looked_up> r) mutable {
        if (!r) {
            f(r.error());
        } else if (r->kept) {
            f(impl::whole_thumbnail(r->row, thumbnail_name(r->row.media_id, size),
                                    std::move(*r->kept)));
        } else {
            m.make_thumbnail(std::move(r->row), size, std::move(f));
        }
    };
    m.when_uploaded(media_id, wait,
                    [&m, look, f = std::move(then)](std::optional<failure> problem) mutable {
                        if (problem) {
                            f(*problem);
                        } else {
                            m.cold<looked_up>(look, std::move(f));
                        }
                    });
}

void media::impl::make_thumbnail(ports::media_row row, ports::thumbnail_size size,
                                 completion<opened> done) {
    const auto name = thumbnail_name(row.media_id, size);
    if (const auto found = thumbnails.find(name); found != thumbnails.end()) {
        found->second.waiting.push_back(std::move(done));
        return;
    }
    if (thumbnail_line.size() >= limits::thumbnails_waiting_max) {
        waiting_limit.add();
        done(fail(errc::unavailable, "Too many thumbnails are being made."));
        return;
    }
    auto& entry = thumbnails[name];
    entry.row = std::move(row);
    entry.size = size;
    entry.waiting.push_back(std::move(done));
    thumbnail_line.push_back(name);
    make_next();
}

void media::impl::make_next() {
    if (thumbnails_running >= limits::thumbnails_at_once || thumbnail_line.empty()) {
        return;
    }
    ++thumbnails_running;
    const std::string name = std::move(thumbnail_line.front());
    thumbnail_line.pop_front();
    const making& next = thumbnails.at(name);
    cold<opened>([this, row = next.row, size = next.size] { return make_cold(row, size); },
                 [this, name](outcome<opened> r) {
                     --thumbnails_running;
                     auto waiting = std::move(thumbnails.at(name).waiting);
                     thumbnails.erase(name);
                     for (auto& done : waiting) {
                         done(r);
                     }
                     make_next();
                 });
}

outcome<media::opened> media::impl::make_cold(const ports::media_row& row,
                                              ports::thumbnail_size size) {
    const auto image = files.read(ports::media_kind::upload, row.media_id, 0, row.bytes);
    if (!image) {
        throw ports::media_error("the file of media " + row.media_id + " is missing");
    }
    auto result = thumbnailer.make(*image, size);
    if (const auto* refused = std::get_if<ports::thumbnail_refusal>(&result)) {
        return *refused == ports::thumbnail_refusal::too_large
                   ? fail(errc::too_large, "The image has too many pixels for a thumbnail.")
                   : fail(errc::not_thumbnailed);
    }
    auto& small = std::get<ports::thumbnail>(result);
    const auto name = thumbnail_name(row.media_id, size);
    made.add();
    try {
        files.put(ports::media_kind::thumbnail, name, small.bytes);
    } catch (const ports::media_error& e) {  // it is made again the next time
        base::log::error("homeserver", "a thumbnail could not be kept", {{"error", e.what()}});
    }
    return whole_thumbnail(row, name, std::move(small.bytes));
}

}  // namespace porchlight::homeserver
