#include "images/vips_thumbnailer.h"

#include <memory>

#include "base/limits.h"
#include "base/metrics.h"
#include "images/libvips.h"

namespace porchlight::images {

using ports::thumbnail;
using ports::thumbnail_refusal;
using ports::thumbnail_size;

namespace {

base::metrics::counter pixel_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                   "limit=\"image_pixels\""};

struct unref {
    const libvips* vips;
    void operator()(VipsImage* image) const { vips->object_unref(image); }
};
using image_ptr = std::unique_ptr<VipsImage, unref>;

// Whatever else libvips can read was written for other inputs.
bool is_read_here(std::string_view bytes) {
    using namespace std::string_view_literals;
    return bytes.starts_with("\x89PNG\r\n\x1a\n"sv) || bytes.starts_with("\xff\xd8\xff"sv) ||
           bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv) ||
           (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv));
}

// Reads the head of the image alone.
image_ptr open(const libvips& vips, std::string_view bytes) {
    return image_ptr(
        vips.image_new_from_buffer(bytes.data(), bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL,
                                   static_cast<char*>(nullptr)),
        {&vips});
}

bool too_large(const libvips& vips, VipsImage* image) {
    const auto width = static_cast<std::uint64_t>(vips.image_get_width(image));
    const auto height = static_cast<std::uint64_t>(vips.image_get_height(image));
    return width > base::limits::image_side_max || height > base::limits::image_side_max ||
           width * height > base::limits::image_pixels_max;
}

image_ptr shrink(const libvips& vips, std::string_view bytes, thumbnail_size size) {
    VipsImage* small = nullptr;
    vips.thumbnail_buffer(const_cast<char*>(bytes.data()), bytes.size(), &small,
                          static_cast<int>(size.width), "height", static_cast<int>(size.height),
                          "size", VIPS_SIZE_DOWN, "crop",
                          size.crop ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE, "fail_on",
                          VIPS_FAIL_ON_ERROR, static_cast<char*>(nullptr));
    return image_ptr(small, {&vips});
}

std::variant<thumbnail, thumbnail_refusal> make_with(const libvips& vips, std::string_view bytes,
                                                     thumbnail_size size) {
    {
        const auto head = open(vips, bytes);
        if (!head) {
            return thumbnail_refusal::no_image;
        }
        if (too_large(vips, head.get())) {
            pixel_limit.add();
            return thumbnail_refusal::too_large;
        }
    }
    const auto small = shrink(vips, bytes, size);
    if (!small) {
        return thumbnail_refusal::no_image;
    }
    void* saved = nullptr;
    std::size_t saved_bytes = 0;
    constexpr auto end = static_cast<char*>(nullptr);
    const bool transparent = vips.image_hasalpha(small.get()) != FALSE;
    const int failed =
        transparent
            ? vips.pngsave_buffer(small.get(), &saved, &saved_bytes, "strip", TRUE, end)
            : vips.jpegsave_buffer(small.get(), &saved, &saved_bytes, "strip", TRUE, "Q", 82, end);
    if (failed != 0) {
        return thumbnail_refusal::no_image;
    }
    thumbnail made{std::string(static_cast<const char*>(saved), saved_bytes),
                   transparent ? "image/png" : "image/jpeg"};
    vips.free(saved);
    return made;
}

}  // namespace

std::variant<thumbnail, thumbnail_refusal> vips_thumbnailer::make(std::string_view bytes,
                                                                  thumbnail_size size) {
    const libvips* const vips = is_read_here(bytes) ? libvips::loaded() : nullptr;
    if (vips == nullptr) {
        return thumbnail_refusal::no_image;
    }
    auto made = make_with(*vips, bytes, size);
    vips->error_clear();
    vips->thread_shutdown();  // gives back what libvips keeps for the calling thread
    return made;
}

}  // namespace porchlight::images
