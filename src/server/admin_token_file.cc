#include "server/admin_token_file.h"

#include <algorithm>

#include "base/log.h"
#include "server/house.h"
#include "server/secret_file.h"

namespace porchlight::server {

namespace {

constexpr const char* config_name = "admin.token_file";
constexpr std::size_t characters = 45;  // of 52 letters: 256 bits
constexpr std::size_t characters_min = 32;
constexpr std::size_t characters_max = 255;

bool is_token(const std::string& text) {
    return text.size() >= characters_min && text.size() <= characters_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string load_admin_token(const std::string& path, ports::random& random) {
    const secret s = load_secret(config_name, path,
                                 [&random] { return ports::random_text(random, characters); });
    check_only_owner_reads(config_name, path);
    if (!is_token(s.line)) {
        throw start_error(std::string{config_name} + ": " + path +
                          ": its first line is no token; allowed: 32 to 255 visible ASCII "
                          "characters. Remove the file and one is made.");
    }
    if (s.made) {
        base::log::info("server", "an admin token was made", {{"file", path}});
    }
    return s.line;
}

}  // namespace porchlight::server
