#include "ports/random.h"

#include <array>

namespace porchlight::ports {

std::string random_text(random& r, std::size_t length) {
    constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    text.reserve(length);
    std::array<std::uint8_t, 64> bytes;
    while (text.size() < length) {
        r.fill(bytes);
        for (std::uint8_t b : bytes) {
            if (b < 208 && text.size() < length) {  // 208 = 4 * 52: no letter is favoured
                text.push_back(letters[b % 52]);
            }
        }
    }
    return text;
}

}  // namespace porchlight::ports
