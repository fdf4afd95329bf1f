#include "images/libvips.h"

#include <dlfcn.h>

#include <optional>

#include "base/log.h"

namespace porchlight::images {

namespace {

constexpr auto library_name = "libvips.so.42";  // its ABI, as the headers here have it

template <class F>
bool find(void* library, const char* name, F& out) {
    out = reinterpret_cast<F>(::dlsym(library, name));
    return out != nullptr;
}

bool find_all(void* l, libvips& v) {
    return find(l, "vips_init", v.init) &&
           find(l, "vips_vector_set_enabled", v.vector_set_enabled) &&
           find(l, "vips_block_untrusted_set", v.block_untrusted_set) &&
           find(l, "vips_concurrency_set", v.concurrency_set) &&
           find(l, "vips_cache_set_max", v.cache_set_max) &&
           find(l, "vips_thread_shutdown", v.thread_shutdown) &&
           find(l, "vips_error_buffer", v.error_buffer) &&
           find(l, "vips_error_clear", v.error_clear) &&
           find(l, "vips_image_new_from_buffer", v.image_new_from_buffer) &&
           find(l, "vips_image_get_width", v.image_get_width) &&
           find(l, "vips_image_get_height", v.image_get_height) &&
           find(l, "vips_image_hasalpha", v.image_hasalpha) &&
           find(l, "vips_thumbnail_buffer", v.thumbnail_buffer) &&
           find(l, "vips_pngsave_buffer", v.pngsave_buffer) &&
           find(l, "vips_jpegsave_buffer", v.jpegsave_buffer) &&
           find(l, "g_object_unref", v.object_unref) && find(l, "g_free", v.free) &&
           find(l, "g_log_set_handler", v.log_set_handler);
}

// A broken image is no news for the administrator.
void drop_line(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

std::optional<libvips> load() {
    libvips v{};
    void* const library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr || !find_all(library, v)) {
        const char* const why = ::dlerror();
        base::log::error("images", "libvips is not usable; there will be no thumbnails",
                         {{"error", why == nullptr ? "unknown" : why}});
        return std::nullopt;
    }
    if (v.init("porchlight") != 0) {
        base::log::error("images", "libvips does not start; there will be no thumbnails",
                         {{"error", v.error_buffer()}});
        return std::nullopt;
    }
    v.vector_set_enabled(FALSE);  // its code made at run time needs writable code
    v.log_set_handler("VIPS",
                      static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO |
                                                  G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_DEBUG),
                      drop_line, nullptr);
    v.block_untrusted_set(TRUE);
    v.concurrency_set(1);  // the cold pool says how much runs at once
    v.cache_set_max(0);    // no image is asked for twice
    return v;
}

}  // namespace

const libvips* libvips::loaded() {
    static const std::optional<libvips> once = load();
    return once ? &*once : nullptr;
}

}  // namespace porchlight::images
