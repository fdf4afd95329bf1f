#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "federation/federation.h"
#include "net/client/outgoing.h"
#include "net/runtime.h"
#include "support/hand_directory.h"
#include "support/house_bench.h"
#include "unit/net/test_certificate.h"

// Two homeservers in one process that talk through TLS sockets of the loopback. All they decide is
// decided on the test's thread, by a clock set by hand; the threads of net only carry bytes.
namespace porchlight::test {

// What the threads of net hand to the test's thread.
class doorstep final : public ports::executor {
  public:
    void post(ports::task t) override;
    void post_after(base::milliseconds delay, ports::task t) override;
    // Runs one task. False: there is none.
    bool step();
    // Waits for a task. False: none came in a time that only something broken takes.
    bool wait();

  private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<ports::task> tasks_;
};

// Passes requests on, and knows how many have no answer yet.
class counting_client final : public ports::http_client {
  public:
    explicit counting_client(ports::http_client& c) : client_(c) {}
    void send(ports::client_request r, answer done) override;
    std::size_t under_way() const { return under_way_; }

  private:
    ports::http_client& client_;
    std::size_t under_way_ = 0;
};

// One server. Its name is 127.0.0.1:PORT, where it listens.
class real_house final : public ports::http_handler {
  public:
    real_house(doorstep& d, const net::test::certificate& c, std::uint8_t seed);
    ~real_house() override;

    // ports::http_handler: on a thread of net, which hands over copies.
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle) override {}

    std::vector<homeserver::caller> people(std::size_t n, presence::state s);
    void put(const homeserver::caller& who, presence::state s, const std::string& text);
    // Answers one transaction that was kept waiting.
    void let_one_go();

    bool holds = false;                                   // transactions that come are kept waiting
    std::vector<boost::json::object> came;                // bodies of transactions, as they came in
    std::size_t waiting() const { return held_.size(); }  // of those, not answered by choice
    std::size_t edus() const;
    std::size_t pushes() const;

  private:
    struct kept_request {
        ports::http_handle handle;
        std::string method, path, query, authorization, body;
    };
    void take(std::shared_ptr<kept_request> r);
    void handle(const kept_request& r);

    doorstep& doorstep_;
    hand_clock clock_of_net_;
    net::runtime runtime_;

  public:
    const std::string name;
    house_bench house;
    hand_directory rooms;
    net::outgoing outgoing;
    counting_client client{outgoing};

  private:
    federation::settings config_;
    federation::federation federation_;
    std::deque<std::shared_ptr<kept_request>> held_;
    std::size_t next_person_ = 0;
};

// Both, and the time.
class real_pair {
  public:
    // All that can happen without time passing, what is under way on sockets included.
    void settle();
    void advance(base::milliseconds d);

  private:
    doorstep doorstep_;
    net::test::certificate certificate_{"127.0.0.1"};

  public:
    real_house near{doorstep_, certificate_, 1};
    real_house far{doorstep_, certificate_, 2};
};

}  // namespace porchlight::test
