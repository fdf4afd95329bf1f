#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ports/directory.h"

namespace porchlight::test {

// Which servers share rooms, as a gateway would know it. Set by hand.
class hand_directory final : public ports::directory {
  public:
    void listen(listener& l) override { listener_ = &l; }
    void servers_of(base::user_key user,
                    base::unique_function<void(std::string_view)> each) const override {
        for (const auto& [server, users] : shared_) {
            if (users.contains(user)) {
                each(server);
            }
        }
    }
    void users_of(std::string_view server,
                  base::unique_function<void(base::user_key)> each) const override {
        if (const auto users = shared_.find(server); users != shared_.end()) {
            for (const base::user_key u : users->second) {
                each(u);
            }
        }
    }
    bool shares(std::string_view server, base::user_key user) const override {
        const auto users = shared_.find(server);
        return users != shared_.end() && users->second.contains(user);
    }
    void know(const std::string& server, const std::vector<base::user_key>& users) {
        shared_[server].insert(users.begin(), users.end());
    }
    void meet(const std::string& server, const std::vector<base::user_key>& users) {
        know(server, users);
        listener_->met(server, users);
    }
    void part(const std::string& server, base::user_key user) {
        shared_[server].erase(user);
        listener_->parted(server, user);
    }

  private:
    listener* listener_ = nullptr;
    std::map<std::string, std::set<base::user_key>, std::less<>> shared_;
};

}  // namespace porchlight::test
