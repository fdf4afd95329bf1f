#include "net/real_clock.h"

namespace porchlight::net {

base::instant real_clock::now() const {
    using std::chrono::duration_cast;
    const auto mono = std::chrono::steady_clock::now().time_since_epoch();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {base::mono_time{duration_cast<base::milliseconds>(mono)},
            base::wall_time{duration_cast<base::milliseconds>(wall)}};
}

}  // namespace porchlight::net
