#pragma once

#include <span>
#include <string_view>

#include "base/key.h"
#include "base/unique_function.h"

namespace porchlight::ports {

// Which servers have users in the rooms of ours. Only rooms that count for presence matter here.
// Deciding thread only.
class directory {
  public:
    // Told after the change. Server names are valid until the call returns.
    class listener {
      public:
        virtual ~listener() = default;
        // From now on the server shares a room with each of these users of ours, and with none of
        // them before.
        virtual void met(std::string_view server, std::span<const base::user_key> users) = 0;
        // ... shares no room with the user any more.
        virtual void parted(std::string_view server, base::user_key user) = 0;
    };

    virtual ~directory() = default;
    virtual void listen(listener& l) = 0;
    // The servers that share a room with this user of ours, each once.
    virtual void servers_of(base::user_key user,
                            base::unique_function<void(std::string_view)> each) const = 0;
    // The users of ours that share a room with that server, each once.
    virtual void users_of(std::string_view server,
                          base::unique_function<void(base::user_key)> each) const = 0;
    virtual bool shares(std::string_view server, base::user_key user) const = 0;
};

// Nobody elsewhere is in a room here.
class no_directory final : public directory {
  public:
    void listen(listener&) override {}
    void servers_of(base::user_key, base::unique_function<void(std::string_view)>) const override {}
    void users_of(std::string_view, base::unique_function<void(base::user_key)>) const override {}
    bool shares(std::string_view, base::user_key) const override { return false; }
};

}  // namespace porchlight::ports
