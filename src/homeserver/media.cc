#include "homeserver/media.h"

#include <charconv>

#include "base/log.h"
#include "homeserver/durable_log.h"
#include "homeserver/media/impl.h"

namespace porchlight::homeserver {

media::media(services& s, ports::media_files& files, ports::thumbnailer& thumbnails)
    : impl_(std::make_unique<impl>(s, files, thumbnails)) {}
media::~media() = default;

failure media_unavailable(const std::exception& e) {
    base::log::error("homeserver", "media cannot be read or written", {{"error", e.what()}});
    return matrix::fail(matrix::errc::unavailable);
}

void media::load(ports::store_reader& store) {
    impl& m = *impl_;
    store.documents_of_kind("media_created", [&m](ports::document_row&& r) {
        std::int64_t expires = 0;
        std::from_chars(r.json.data(), r.json.data() + r.json.size(), expires);
        m.created[r.key] = {r.user, base::from_unix_ms(expires), false, {}};
    });
    std::vector<user_key> users;
    users.reserve(m.created.size());
    for (const auto& [id, p] : m.created) {
        users.push_back(p.user);
    }
    for (const user_key u : users) {
        m.forget_expired(u);
    }
    for (const std::string& name : m.files.unsettled()) {
        if (!store.media(name)) {
            m.files.remove(ports::media_kind::upload, name);
        }
        m.files.settle(name);
    }
}

}  // namespace porchlight::homeserver
