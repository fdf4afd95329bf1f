#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "federation/peer_requests.h"
#include "federation/settings.h"
#include "homeserver/remote_profiles.h"
#include "homeserver/services.h"

namespace porchlight::federation {

// Profiles of users of other servers, asked for when somebody here wants to see one, and kept for
// limits::profile_kept_for. Deciding thread only.
class profiles final : public homeserver::remote_profiles {
  public:
    profiles(const settings& c, peer_requests& requests, ports::clock& clock);
    // not_found: there is no such user, or the server does not say; unavailable: it can't be asked.
    void find(std::string user_id,
              homeserver::completion<homeserver::remote_profile> done) override;

  private:
    using result = matrix::outcome<homeserver::remote_profile>;
    struct kept {
        result what;
        base::mono_time until;
    };
    void asked(const std::string& user_id, const base::result<peer_answer, peer_failure>& got);
    void keep(const std::string& user_id, const result& r);

    const settings& config_;
    peer_requests& requests_;
    ports::clock& clock_;
    std::unordered_map<std::string, kept> kept_;
    std::deque<std::string> order_;
    std::unordered_map<std::string, std::vector<homeserver::completion<homeserver::remote_profile>>>
        waiting_;
};

}  // namespace porchlight::federation
