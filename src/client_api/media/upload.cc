#include "client_api/media/media.h"
#include "client_api/rate_limits.h"
#include "homeserver/media.h"

namespace porchlight::client_api {

namespace {

std::string content_uri(const call& c, std::string_view media_id) {
    return "mxc://" + c.server.services.config.server_name + "/" + std::string{media_id};
}

// False: answered.
bool may_upload(call& c) {
    const std::string user{c.server.accounts.user_id(c.user().user)};
    if (const auto refused = c.server.limits->take(limited::upload, user, c.now().mono)) {
        c.refuse(*refused);
        return false;
    }
    return true;
}

homeserver::media::content content_of(call& c) {
    homeserver::media::content what;
    const auto* name = c.parameter("filename");
    what.file_name = name != nullptr ? *name : std::string{};
    what.content_type = std::move(c.extra().content_type);
    what.bytes = std::move(c.extra().bytes);
    return what;
}

}  // namespace

void media_config(call_ptr c) {
    c->reply({{"m.upload.size", c->server.services.config.media.upload_bytes_max}});
}

void upload_media(call_ptr c) {
    if (!may_upload(*c)) {
        return;
    }
    c->server.media.upload(c->user(), content_of(*c), [c](outcome<std::string> id) {
        if (id) {
            c->reply({{"content_uri", content_uri(*c, *id)}});
        } else {
            c->refuse(id.error());
        }
    });
}

void create_media(call_ptr c) {
    if (!may_upload(*c)) {
        return;
    }
    c->server.media.create(c->user(), [c](outcome<homeserver::media::created> made) {
        if (made) {
            c->reply({{"content_uri", content_uri(*c, made->media_id)},
                      {"unused_expires_at", base::unix_ms(made->unused_expires)}});
        } else {
            c->refuse(made.error());
        }
    });
}

void upload_created_media(call_ptr c) {
    if (c->params[0] != c->server.services.config.server_name) {
        c->refuse(fail(errc::not_found, "Media of other servers was not created here."));
        return;
    }
    c->server.media.upload_created(c->user(), c->params[1], content_of(*c), answer_empty(c));
}

}  // namespace porchlight::client_api
