#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace porchlight::ports {

struct thumbnail_size {
    std::uint32_t width = 0, height = 0;
    bool crop = false;  // fills the size and cuts off the rest; else fits within
};
struct thumbnail {
    std::string bytes;
    std::string_view content_type;  // static storage
};
enum class thumbnail_refusal : std::uint8_t {
    no_image,   // of no kind that is read here, or broken
    too_large,  // more pixels than limits::image_pixels_max
};

// Makes small images from what strangers uploaded. Never larger than the image is. Blocks: cold
// pool only, limits::thumbnails_at_once at once.
class thumbnailer {
  public:
    virtual ~thumbnailer() = default;
    virtual std::variant<thumbnail, thumbnail_refusal> make(std::string_view image,
                                                            thumbnail_size size) = 0;
};

}  // namespace porchlight::ports
