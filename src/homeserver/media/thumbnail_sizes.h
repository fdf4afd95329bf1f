#pragma once

#include <optional>
#include <string>

#include "ports/thumbnailer.h"

namespace porchlight::homeserver {

// The sizes that are made: those the specification names. The smallest one at least as large as
// wished, else the largest; a cropped one only where one is large enough. Any size would mean as
// many files for an image as somebody cares to ask for.
ports::thumbnail_size size_made_for(ports::thumbnail_size wished);
// The name of the file: "<media id>-96x96-crop".
std::string thumbnail_name(const std::string& media_id, ports::thumbnail_size made);

}  // namespace porchlight::homeserver
