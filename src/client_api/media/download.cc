#include <charconv>

#include "base/limits.h"
#include "client_api/media/disposition.h"
#include "client_api/media/media.h"
#include "homeserver/media.h"

namespace porchlight::client_api {

namespace {

using homeserver::media;

constexpr base::milliseconds default_wait = std::chrono::seconds{20};

// Whatever a browser takes the bytes for, it runs nothing of them (the specification's policy).
constexpr std::string_view content_policy =
    "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; "
    "style-src 'unsafe-inline'; object-src 'self';";

// The part of a download behind its first piece.
class media_rest final : public ports::body_rest {
  public:
    media_rest(media& from, const media::opened& o)
        : from_(from),
          name_(o.rest),
          offset_(o.part.offset + o.begin.size()),
          left_(o.part.bytes - o.begin.size()) {}

    void next(piece done) override {
        const auto bytes = std::min<std::uint64_t>(left_, base::limits::media_piece_bytes);
        const auto offset = offset_;
        offset_ += bytes;
        left_ -= bytes;
        from_.next_piece(name_, offset, bytes, std::move(done));
    }

  private:
    media& from_;
    const media::piece_name name_;
    std::uint64_t offset_, left_;
};

outcome<std::uint64_t> number(const call& c, std::string_view name) {
    const auto* text = c.parameter(name);
    if (text == nullptr) {
        return fail(errc::missing_param, "\"" + std::string{name} + "\" is missing.");
    }
    std::uint64_t n = 0;
    const auto* end = text->data() + text->size();
    const auto [stopped, problem] = std::from_chars(text->data(), end, n);
    if (problem != std::errc{} || stopped != end) {
        return fail(errc::invalid_param, "\"" + std::string{name} + "\" is not a whole number.");
    }
    return n;
}

outcome<base::milliseconds> asked_wait(const call& c) {
    if (c.parameter("timeout_ms") == nullptr) {
        return default_wait;
    }
    const auto n = number(c, "timeout_ms");
    if (!n) {
        return n.error();
    }
    constexpr base::milliseconds most = base::limits::media_wait_max;
    return base::milliseconds{std::min(*n, static_cast<std::uint64_t>(most.count()))};
}

outcome<ports::thumbnail_size> asked_size(const call& c) {
    const auto width = number(c, "width");
    const auto height = number(c, "height");
    if (!width || !height) {
        return !width ? width.error() : height.error();
    }
    constexpr std::uint64_t most = 1'000'000;
    if (*width == 0 || *height == 0 || *width > most || *height > most) {
        return fail(errc::invalid_param, "Thumbnails are at least one pixel wide and high.");
    }
    const auto* method = c.parameter("method");
    if (method != nullptr && *method != "crop" && *method != "scale") {
        return fail(errc::invalid_param, "\"method\" is \"crop\" or \"scale\".");
    }
    return ports::thumbnail_size{static_cast<std::uint32_t>(*width),
                                 static_cast<std::uint32_t>(*height),
                                 method != nullptr && *method == "crop"};
}

// False: answered.
bool is_here(call& c) {
    if (c.params[0] != c.server.services.config.server_name) {
        c.refuse(fail(errc::not_found, "Media of other servers is not fetched here."));
        return false;
    }
    return true;
}

void add_headers(ports::http_response& r, const call& c, const media::opened& o,
                 const std::string& tag, std::string_view file_name) {
    auto& h = r.headers;
    h.emplace_back("Content-Type", o.content_type);
    h.emplace_back("Content-Disposition", content_disposition(o.content_type, file_name));
    h.emplace_back("Content-Security-Policy", content_policy);
    h.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
    h.emplace_back("X-Content-Type-Options", "nosniff");
    h.emplace_back("ETag", tag);
    h.emplace_back("Cache-Control", c.who ? "private, max-age=31536000, immutable"
                                          : "public, max-age=86400, immutable");
    h.emplace_back("Accept-Ranges", "bytes");
}

void answer(const call_ptr& c, media::opened o, std::string_view file_name) {
    const std::string tag = "\"" + o.rest.name + "\"";
    ports::http_response r;
    r.content_type = {};
    add_headers(r, *c, o, tag, file_name);
    const auto* seen = c->extra_or_null();
    if (seen != nullptr && seen->if_none_match.find(tag) != std::string::npos) {
        r.status = 304;
        c->reply_with(std::move(r));
        return;
    }
    if (o.part.bytes != o.whole) {
        r.status = 206;
        r.headers.emplace_back("Content-Range",
                               "bytes " + std::to_string(o.part.offset) + "-" +
                                   std::to_string(o.part.offset + o.part.bytes - 1) + "/" +
                                   std::to_string(o.whole));
    }
    r.rest_bytes = o.part.bytes - o.begin.size();
    if (r.rest_bytes > 0) {
        r.rest = std::make_shared<media_rest>(c->server.media, o);
    }
    r.body = std::move(o.begin);
    c->reply_with(std::move(r));
}

// False: answered. Content that only a token opens has no other door.
bool legacy_is_on(call& c) {
    if (!c.server.services.config.media.legacy_reading) {
        c.refuse(
            fail(errc::not_found, "Media is read with a token, below /_matrix/client/v1/media."));
        return false;
    }
    return true;
}

}  // namespace

void download_media(call_ptr c) {
    const auto wait = asked_wait(*c);
    if (!wait) {
        c->refuse(wait.error());
        return;
    }
    if (!is_here(*c)) {
        return;
    }
    const auto* extra = c->extra_or_null();
    const auto range = extra == nullptr ? std::nullopt : homeserver::parse_range(extra->range);
    c->server.media.open(c->params[1], *wait, range, [c](outcome<media::opened> o) {
        if (!o) {
            c->refuse(o.error());
            return;
        }
        const std::string name = c->params.size() > 2 ? c->params[2] : o->row.file_name;
        answer(c, std::move(*o), name);
    });
}

void media_thumbnail(call_ptr c) {
    const auto wait = asked_wait(*c);
    const auto size = asked_size(*c);
    if (!wait || !size) {
        c->refuse(!wait ? wait.error() : size.error());
        return;
    }
    if (!is_here(*c)) {
        return;
    }
    c->server.media.open_thumbnail(c->params[1], *wait, *size, [c](outcome<media::opened> o) {
        if (o) {
            answer(c, std::move(*o), "thumbnail");
        } else {
            c->refuse(o.error());
        }
    });
}

void legacy_download_media(call_ptr c) {
    if (legacy_is_on(*c)) {
        download_media(std::move(c));
    }
}

void legacy_media_thumbnail(call_ptr c) {
    if (legacy_is_on(*c)) {
        media_thumbnail(std::move(c));
    }
}

}  // namespace porchlight::client_api
