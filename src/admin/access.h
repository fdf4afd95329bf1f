#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/surroundings.h"

namespace porchlight::admin {

// Who may ask: whoever has the token. Wrong ones are limited per address and counted; the right one
// always passes, so that nobody at the same address can lock its owner out. Deciding thread only.
class access {
  public:
    access(std::string_view token, client_api::rate_limits& limits);
    // None: go ahead. missing_token, forbidden, limit_exceeded. Takes as long for any token.
    std::optional<matrix::failure> check(std::string_view authorization, const std::string& peer,
                                         base::mono_time now);

  private:
    const homeserver::token_hash token_;
    client_api::rate_limits& limits_;
};

}  // namespace porchlight::admin
