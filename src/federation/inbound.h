#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "federation/key_ring.h"
#include "federation/settings.h"
#include "federation/transactions.h"
#include "homeserver/accounts.h"
#include "matrix/request_signature.h"
#include "matrix/signing.h"
#include "ports/http.h"

namespace porchlight::federation {

// The server-server API: everything below /_matrix/federation and /_matrix/key, and
// /.well-known/matrix/server. A request whose key is known is verified on its net thread; what it
// asks is done on the deciding thread.
class inbound final : public ports::http_handler {
  public:
    struct parts {
        const settings& config;
        homeserver::services& services;
        homeserver::accounts& accounts;
        const matrix::signing_key& key;
        key_ring& ring;
        transactions& in;
        outbox& out;
        ports::http_sender& http;
        std::string version;  // of this software
    };
    explicit inbound(const parts& p);
    ~inbound() override;

    static bool is_for(std::string_view path);

    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle) override {}  // a late answer goes nowhere

  private:
    struct request;
    using request_ptr = std::shared_ptr<request>;
    void respond(ports::http_handle h, matrix::outcome<std::string> body);
    void keys(ports::http_handle h);
    void well_known(ports::http_handle h);
    void open_request(const ports::http_request& r);
    void signed_request(const ports::http_request& r);
    void verify_later(const request_ptr& r);
    void run(const request_ptr& r);
    void profile(const request& r);

    parts p_;
    struct document {
        std::mutex mutex;
        std::string text;
        base::wall_time good_until;
    };
    document document_;
};

}  // namespace porchlight::federation
