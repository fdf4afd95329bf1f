// In the place of build/web/embedded/files.cc where web/ was not built.
#include "pages/embedded.h"

namespace porchlight::pages {

std::span<const file> embedded() {
    return {};
}

}  // namespace porchlight::pages
