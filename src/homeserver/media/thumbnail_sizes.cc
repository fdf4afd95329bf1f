#include "homeserver/media/thumbnail_sizes.h"

namespace porchlight::homeserver {

namespace {

constexpr ports::thumbnail_size cropped[] = {{32, 32, true}, {96, 96, true}};
constexpr ports::thumbnail_size scaled[] = {
    {320, 240, false}, {640, 480, false}, {800, 600, false}};

}  // namespace

ports::thumbnail_size size_made_for(ports::thumbnail_size wished) {
    const auto enough = [&wished](const ports::thumbnail_size& s) {
        return s.width >= wished.width && s.height >= wished.height;
    };
    if (wished.crop) {
        for (const auto& s : cropped) {
            if (enough(s)) {
                return s;
            }
        }
    }
    for (const auto& s : scaled) {
        if (enough(s)) {
            return s;
        }
    }
    return scaled[2];
}

std::string thumbnail_name(const std::string& media_id, ports::thumbnail_size made) {
    return media_id + "-" + std::to_string(made.width) + "x" + std::to_string(made.height) +
           (made.crop ? "-crop" : "-scale");
}

}  // namespace porchlight::homeserver
