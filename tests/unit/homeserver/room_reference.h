#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

// A room as the specification tells it, written without the server's code: events in a list, state
// as the last event of each place, rules read line by line. Slow and plain on purpose.
namespace porchlight::test {

namespace json = boost::json;

constexpr std::size_t people = 5;

struct reference_event {
    std::string type, sender;
    std::optional<std::string> key;
    json::object content;
    // Around the event: what decides who sees it.
    std::string visibility_before, visibility_after;
    std::array<std::string, people> before, after;  // memberships; empty: none
};

class reference_room {
  public:
    using place = std::pair<std::string, std::string>;
    // `first`: the events a new room began with, taken as they are.
    reference_room(int version, std::vector<std::string> users) : v_(version), users_(users) {}

    // Appends without asking.
    void append(std::string type, std::string sender, std::optional<std::string> key,
                json::object content);
    // May `sender` add it? By the authorisation rules alone. `vouched`: the server found somebody
    // who may let the sender into a restricted room.
    bool allows(const std::string& type, const std::string& sender,
                const std::optional<std::string>& key, const json::object& content,
                bool vouched = false) const;
    bool allows_redaction(const std::string& sender, std::size_t event) const;
    void redact(std::size_t event);
    // Somebody with the power to invite is in, and `allow` names one of `joined_elsewhere`.
    bool may_be_vouched_for(const std::set<std::string>& joined_elsewhere) const;

    bool sees(std::size_t user, std::size_t event) const;

    std::string membership(const std::string& user) const;
    const json::object* content(const std::string& type, const std::string& key = {}) const;
    std::int64_t power(const std::string& user) const;
    std::int64_t level(const std::string& name, std::int64_t otherwise) const;
    std::int64_t needed(const std::string& type, bool state) const;
    std::string join_rule() const;
    std::string visibility() const;
    std::map<place, json::object> state() const;
    const std::vector<reference_event>& events() const { return events_; }

  private:
    bool allows_member(const std::string& sender, const std::string& target,
                       const std::string& wished, bool vouched) const;
    bool allows_levels(const std::string& sender, const json::object& next) const;
    std::optional<std::int64_t> integer(const json::value& value) const;
    std::optional<std::int64_t> entry(const json::object& levels, const char* part,
                                      const std::string& name) const;
    bool well_formed(const json::object& levels) const;

    int v_;
    std::vector<std::string> users_;
    std::vector<reference_event> events_;
    std::map<place, std::size_t> state_;
};

}  // namespace porchlight::test
