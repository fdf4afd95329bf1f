#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ports/resolver.h"

namespace porchlight::net::test {

// A name server on 127.0.0.1, over UDP, that knows what the test told it. Other names don't exist.
class name_server {
  public:
    name_server();
    ~name_server();
    name_server(const name_server&) = delete;
    name_server& operator=(const name_server&) = delete;

    // As outgoing_settings::dns_servers has it.
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    // IPv4 or IPv6. The name then exists.
    void add_address(const std::string& name, const std::string& address);
    void add_service(const std::string& name, const ports::service_record& record);
    // One record of bytes as they are.
    void add_raw_service(const std::string& name, const std::string& bytes);
    // Answers each question about it so (2: SERVFAIL).
    void fail(const std::string& name, int code);
    // Never answers about it.
    void ignore(const std::string& name);

    // How many questions came.
    std::size_t questions();
    bool wait_for_questions(std::size_t count);

  private:
    struct entry {
        std::vector<std::pair<std::uint16_t, std::string>> records = {};  // kind, bytes
        int code = 0;
        bool ignored = false;
    };
    void serve();
    std::string answer_to(std::string_view question);

    int descriptor_ = -1;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, entry> names_;
    std::size_t questions_ = 0;
    std::thread thread_;
};

}  // namespace porchlight::net::test
