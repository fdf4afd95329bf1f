#pragma once

#include <vips/vips.h>

// Needs what stands in the other.
#include <vips/vector.h>

namespace porchlight::images {

// libvips, loaded when the first image comes: it and the hundred libraries behind it would cost
// each start 45 ms and 17 MB, and most servers of a test never see an image. Any thread.
struct libvips {
    // Null: it isn't there or does not start; said in the log, once.
    static const libvips* loaded();

    decltype(&vips_init) init;
    decltype(&vips_vector_set_enabled) vector_set_enabled;
    decltype(&vips_block_untrusted_set) block_untrusted_set;
    decltype(&vips_concurrency_set) concurrency_set;
    decltype(&vips_cache_set_max) cache_set_max;
    decltype(&vips_thread_shutdown) thread_shutdown;
    decltype(&vips_error_buffer) error_buffer;
    decltype(&vips_error_clear) error_clear;
    decltype(&vips_image_new_from_buffer) image_new_from_buffer;
    decltype(&vips_image_get_width) image_get_width;
    decltype(&vips_image_get_height) image_get_height;
    decltype(&vips_image_hasalpha) image_hasalpha;
    decltype(&vips_thumbnail_buffer) thumbnail_buffer;
    decltype(&vips_pngsave_buffer) pngsave_buffer;
    decltype(&vips_jpegsave_buffer) jpegsave_buffer;
    decltype(&g_object_unref) object_unref;
    decltype(&g_free) free;
    decltype(&g_log_set_handler) log_set_handler;
};

}  // namespace porchlight::images
