#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "homeserver/accounts.h"
#include "homeserver/media/byte_range.h"
#include "ports/media_files.h"
#include "ports/thumbnailer.h"

namespace porchlight::homeserver {

// What users upload: rows in the store, bytes in files. Deciding thread only, but for next_piece.
// Files are read and written on the cold pool. See docs/media.md.
//
// 1. An upload is answered when its bytes and its row are on disk; until then nobody can read it.
// 2. A media id names the same bytes for ever.
// 3. No name of a file is made from what a client sent.
// Failures: not_found, too_large, forbidden (quota), limit_exceeded, cannot_overwrite_media,
// not_yet_uploaded, not_thumbnailed, range_not_satisfiable, unavailable.
class media {
  public:
    media(services& s, ports::media_files& files, ports::thumbnailer& thumbnails);
    ~media();
    // Start-up: ids that wait for their bytes, and what an interrupted upload left. May throw
    // media_error.
    void load(ports::store_reader& store);

    // --- uploading ---
    struct content {
        std::string content_type;  // as the client says; what is no type becomes octet-stream
        std::string file_name;     // may be empty
        std::string bytes;
    };
    void upload(caller who, content what, completion<std::string> done);  // the media id
    struct created {
        std::string media_id;
        wall_time unused_expires;
    };
    // An id whose bytes follow by upload_created.
    void create(caller who, completion<created> done);
    void upload_created(caller who, std::string media_id, content what, completion<void> done);

    // --- reading ---
    struct piece_name {
        ports::media_kind kind = ports::media_kind::upload;
        std::string name;
    };
    struct opened {
        ports::media_row row;  // of the upload, for thumbnails too
        std::string content_type;
        std::uint64_t whole = 0;  // bytes there are
        byte_part part;           // what was asked for of it
        std::string begin;        // of the part: all of it, or limits::media_piece_bytes
        piece_name rest;          // where more is read
    };
    // Media that is created but not uploaded is waited for.
    void open(std::string media_id, base::milliseconds wait, std::optional<byte_range> range,
              completion<opened> done);
    // Of the sizes that are made the one that suits; see thumbnail_sizes.h.
    void open_thumbnail(std::string media_id, base::milliseconds wait, ports::thumbnail_size wanted,
                        completion<opened> done);
    // Reads on; none: it failed. Any thread, `done` on a cold one (or here, when that pool is
    // full).
    void next_piece(piece_name name, std::uint64_t offset, std::size_t bytes,
                    base::unique_function<void(std::optional<std::string>)> done);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
