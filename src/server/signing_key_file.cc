#include "server/signing_key_file.h"

#include <sodium.h>

#include <array>

#include "base/log.h"
#include "server/house.h"
#include "server/secret_file.h"

namespace porchlight::server {

namespace {

constexpr const char* config_name = "federation.signing_key";

std::string fresh_line(ports::random& random) {
    std::array<std::uint8_t, matrix::signing_key::seed_bytes> seed{};
    random.fill(seed);
    const matrix::signing_key key{"ed25519:" + ports::random_text(random, 6), seed};
    sodium_memzero(seed.data(), seed.size());
    return key.line();
}

}  // namespace

matrix::signing_key load_signing_key(const std::string& path, ports::random& random) {
    const secret s = load_secret(config_name, path, [&random] { return fresh_line(random); });
    auto key = matrix::signing_key::parse(s.line);
    if (!key) {
        throw start_error(std::string{config_name} + ": " + path + ": " + key.error().message);
    }
    if (s.made) {
        base::log::info("server", "a signing key was made",
                        {{"file", path}, {"key", key->key_id()}});
    }
    return *key;
}

}  // namespace porchlight::server
