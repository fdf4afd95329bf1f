#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/client/outgoing.h"
#include "unit/net/client/test_decider.h"
#include "unit/net/client/tls_peer.h"

namespace porchlight::net::test {

using asked = base::result<ports::client_response, ports::client_failure>;

inline outgoing_settings believing(const certificate& c) {
    outgoing_settings s;
    s.ca_file = c.cert_file();
    return s;
}

// A GET of "/" of example.org on 127.0.0.1.
inline ports::client_request request_to(std::uint16_t port) {
    ports::client_request r;
    r.addresses = {"127.0.0.1"};
    r.port = port;
    r.tls_name = "example.org";
    r.host = "example.org:8448";
    r.timeout = std::chrono::seconds{20};
    return r;
}

inline ports::client_request lasting_request_to(std::uint16_t port) {
    auto r = request_to(port);
    r.keep_alive = true;
    return r;
}

// The client, whose deciding thread is the test's.
class test_outgoing {
  public:
    explicit test_outgoing(const outgoing_settings& s) : client_(s, decider_) {}

    // The place where the outcome will be.
    using answer = std::shared_ptr<std::optional<asked>>;
    answer begin(ports::client_request r) {
        auto place = std::make_shared<std::optional<asked>>();
        client_.send(std::move(r), [place](asked a) {
            EXPECT_FALSE(place->has_value()) << "answered twice";
            place->emplace(std::move(a));
        });
        EXPECT_FALSE(place->has_value()) << "answered inside the call";
        return place;
    }
    asked wait(const answer& a) {
        if (!decider_.run_until([&] { return a->has_value(); })) {
            ADD_FAILURE() << "no answer came";
            return ports::client_failure{};
        }
        return **a;
    }
    asked ask(ports::client_request r) { return wait(begin(std::move(r))); }

    outgoing& client() { return client_; }
    test_decider& decider() { return decider_; }

  private:
    test_decider decider_;
    outgoing client_;
};

}  // namespace porchlight::net::test
