#pragma once

#include <span>
#include <string>
#include <vector>

#include "load/accounts.h"
#include "load/api.h"
#include "load/arguments.h"
#include "load/progress.h"
#include "load/topology.h"

namespace porchlight::load {

// Makes what the load needs: users with their filters, rooms or lists. All calls are of the
// specification's client API, but for the lists. Each function throws failure, saying which call
// was answered how.
class population {
  public:
    population(api& a, progress& p, const settings& s) : api_(a), progress_(p), settings_(s) {}

    // Registers the users, or logs them in if they exist already.
    std::vector<account> enroll();
    // A filter that leaves nothing but presence, for each user.
    void store_filters(std::vector<account>& users);
    // The rooms' ids.
    std::vector<std::string> make_rooms(const std::vector<account>& users,
                                        std::span<const room_plan> plans);
    void leave_rooms(const std::vector<account>& users, std::span<const room_plan> plans,
                     std::span<const std::string> rooms);
    // Each user puts those it is to see on its list; who publishes accepts everybody.
    void make_lists(const std::vector<account>& users, const topology& t);

  private:
    struct entry;
    std::vector<api_reply> ask(const char* what, const std::vector<api_call>& calls);
    std::vector<api_reply> ask_all_well(const char* what, const std::vector<api_call>& calls);
    void register_users(std::vector<entry>& entries);
    void log_in(std::vector<entry>& entries);
    std::string registration(const entry& e) const;

    api& api_;
    progress& progress_;
    const settings& settings_;
};

}  // namespace porchlight::load
