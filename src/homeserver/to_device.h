#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "homeserver/accounts.h"

namespace porchlight::homeserver {

// Messages to devices, kept until the device presents a token that covers them. Deciding thread
// only. See docs/internals/to_device.md.
//
// 1. A message is durable before its sender is answered, and shown to nobody before.
// 2. It is given with every answer to a token that does not cover it, and with none to one that
//    does, whatever restarts lie between.
// 3. Of the messages to one device each has a position of its own.
class to_device {
  public:
    to_device(services& s, accounts& a);
    ~to_device();
    void load(ports::store_reader& store);  // start-up, after accounts

    struct message {
        user_key to;                       // of an account here
        std::optional<device_key> device;  // none: all of the user's devices
        std::string type;
        std::string sender;   // a user id
        std::string content;  // JSON object
    };

    // --- sending ---
    // Messages on their way to the disk with the set of some service.
    struct letters {
        std::vector<std::pair<device_key, std::uint64_t>> to;  // with positions
        std::vector<user_key> users;
    };
    // Adds the message's rows to `set`. Commit the set in the same call stack, at a position taken
    // after this or at the last of `sent`; in its applied(true) call delivered(sent).
    void add(ports::write_set& set, const message& m, letters& sent);
    void delivered(const letters& sent);
    // A client's messages, all or none. The same transaction id sends once.
    // Over a limit: invalid_param for the type and the number of devices, too_large for a content.
    void send(caller who, std::string kind, std::string txn_id, std::vector<message> messages,
              completion<void> done);

    // --- giving ---
    // What a device that presented a token was told: its messages up to this position.
    std::uint64_t told_by(const engine::token& presented) const;
    // The device was told up to `told` and will not ask again: forgets these messages.
    // Written behind; nothing is written when there was none.
    void acknowledged(device_key d, std::uint64_t told);
    // For a device told up to `told`: the position behind which its waiting messages lie in the
    // store. None: none waits.
    std::optional<std::uint64_t> waiting_after(device_key d, std::uint64_t told) const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
