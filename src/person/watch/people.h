#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace porchlight::person {

struct person_shown {
    std::string user_id;
    std::string presence;    // as the server says it
    std::string name, text;  // as the server says them; not yet fit for a terminal
    std::optional<base::mono_time> last_active;
    bool currently_active = false;

    std::optional<base::milliseconds> ago(base::mono_time now) const;
};

// Who is shown how, from m.presence events. At most limits::people_max.
class people {
  public:
    enum class effect : std::uint8_t { none, activity, visible };

    // One event; what is wrong in it makes it no event. `who` is set to the person it is about.
    // visible: a state, text or name is another.
    effect apply(const boost::json::value& event, base::mono_time now, const person_shown*& who);

    const person_shown* find(const std::string& user_id) const;
    // Lit, dimmed, dark; by name in each.
    std::vector<const person_shown*> sorted() const;

  private:
    std::map<std::string, person_shown> all_;
};

// Fit for a terminal; somebody without a name has that of their id.
std::string name_of(const person_shown& p);

}  // namespace porchlight::person
