#pragma once

#include "client_api/call.h"

// Chapter "Content repository": uploads, downloads and thumbnails, as docs/media.md describes them.
// Media of other servers is not fetched. Reading without a token is frozen unless a key says so.
namespace porchlight::client_api {

void media_config(call_ptr c);
void upload_media(call_ptr c);
void create_media(call_ptr c);
void upload_created_media(call_ptr c);

void download_media(call_ptr c);
void media_thumbnail(call_ptr c);
void legacy_download_media(call_ptr c);
void legacy_media_thumbnail(call_ptr c);

}  // namespace porchlight::client_api
