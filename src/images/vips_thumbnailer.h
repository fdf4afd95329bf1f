#pragma once

#include "ports/thumbnailer.h"

namespace porchlight::images {

// Thumbnails by libvips, from PNG, JPEG, GIF and WebP alone, told by their first bytes and never by
// what a client says; of an animation the first frame. An image's size is read before its pixels
// are. JPEG, or PNG where there is transparency; what an image says about where it was taken, and
// all else beside its pixels, stays out.
class vips_thumbnailer final : public ports::thumbnailer {
  public:
    std::variant<ports::thumbnail, ports::thumbnail_refusal> make(
        std::string_view image, ports::thumbnail_size size) override;
};

}  // namespace porchlight::images
