#pragma once

#include <boost/json/parse.hpp>
#include <map>
#include <optional>
#include <string>

#include "client_api/call.h"
#include "client_api/dispatcher.h"
#include "client_api/rate_limits.h"
#include "client_api/sync_streams.h"
#include "support/house_bench.h"

// The client API over a house_bench: requests in, responses out, no socket.
namespace porchlight::test {

class hand_sender final : public ports::http_sender {
  public:
    void respond(ports::http_handle h, ports::http_response r) override {
        ASSERT(h.slot < next_slot);
        const bool first = answers.emplace(h.slot, std::move(r)).second;
        ASSERT(first);
    }
    void post(std::uint32_t, base::unique_function<void()> t) override {
        tasks_.push_back(std::move(t));
    }
    void respond_now(const ports::http_delivery& d) override {
        ports::http_response r;
        r.body = std::string{d.body};
        respond(d.handle, std::move(r));
    }
    std::uint32_t thread_count() const override { return 1; }
    bool step() {
        if (tasks_.empty()) {
            return false;
        }
        auto t = std::move(tasks_.front());
        tasks_.pop_front();
        t();
        return true;
    }

    std::map<std::uint32_t, ports::http_response> answers;  // by slot
    std::uint32_t next_slot = 0;

  private:
    std::deque<base::unique_function<void()>> tasks_;
};

struct answer {
    int status = 0;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;
    boost::json::value json() const { return boost::json::parse(text); }
    std::string errcode() const {
        const auto v = json();
        const auto* code = v.as_object().if_contains("errcode");
        return code == nullptr ? std::string{} : std::string{code->as_string()};
    }
};

class api_bench {
  public:
    explicit api_bench(client_api::settings wish = {},
                       homeserver::settings house_wish = house_bench::cheap_settings())
        : house(nullptr, std::move(house_wish)), config(std::move(wish)) {
        house.extra_step = [this] { return sender.step(); };
        house.on_deliver = [this](std::unique_ptr<engine::batch> b) {
            streams.deliver(std::move(b));
        };
        api.streams = &streams;
        api.limits = &limits;
    }

    // Begins a request; `target` may have a query.
    ports::http_handle start(std::string_view method, const std::string& target,
                             const std::string& body = {}, const std::string& token = {},
                             std::string_view peer = "192.0.2.1") {
        const ports::http_handle h{0, sender.next_slot++, 1};
        const auto mark = target.find('?');
        const std::string authorization = token.empty() ? std::string{} : "Bearer " + token;
        ports::http_request r;
        r.handle = h;
        r.method = method;
        r.path = std::string_view{target}.substr(0, mark);
        r.query = mark == std::string::npos ? std::string_view{}
                                            : std::string_view{target}.substr(mark + 1);
        r.authorization = authorization;
        r.body = body;
        r.peer_address = peer;
        dispatcher.on_request(r);
        return h;
    }
    // What a request was answered; none: it is parked.
    std::optional<answer> take(ports::http_handle h) {
        house.settle();
        const auto found = sender.answers.find(h.slot);
        if (found == sender.answers.end()) {
            return std::nullopt;
        }
        return answer{found->second.status, found->second.body, found->second.headers};
    }
    // A request that is answered at once.
    answer ask(std::string_view method, const std::string& target, const std::string& body = {},
               const std::string& token = {}) {
        auto a = take(start(method, target, body, token));
        ASSERT(a);
        return std::move(*a);
    }
    // Signs up over the API; the access token.
    std::string sign_up(const std::string& localpart) {
        const auto a = ask("POST", "/_matrix/client/v3/register",
                           R"({"username":")" + localpart + R"(","password":"pw-)" + localpart +
                               R"(","auth":{"type":"m.login.dummy"}})");
        ASSERT(a.status == 200);
        return std::string{a.json().as_object().at("access_token").as_string()};
    }

    house_bench house;
    client_api::settings config;
    hand_sender sender;
    client_api::rate_limits limits{config};
    client_api::api api{
        config,          house.services,  house.accounts, house.rooms,       house.statuses,
        house.ephemeral, house.to_device, house.lists,    house.device_keys, house.key_backups,
        sender};
    client_api::sync_streams streams{api};
    client_api::dispatcher dispatcher{api};
};

}  // namespace porchlight::test
