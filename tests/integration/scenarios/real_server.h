#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace porchlight::scenarios {

// The real porchlight binary (environment PORCHLIGHT_BINARY) on a port of its own, with a data
// folder of its own that ends with it.
class real_server {
  public:
    explicit real_server(std::vector<std::string> settings);  // "key=value"
    ~real_server();
    real_server(const real_server&) = delete;
    real_server& operator=(const real_server&) = delete;

    // Returns when it is ready; throws std::runtime_error when it ends before. A restart keeps the
    // port and the data.
    void start();
    void stop(bool kill);
    // Keys that may change while it runs; `section.key` to a value in TOML. Takes effect at start
    // or, when it runs, by SIGHUP.
    void configure(const std::string& key, const std::string& value);
    std::uint16_t port() const { return port_; }

  private:
    std::vector<std::string> settings_;
    void write_file() const;

    std::string data_;
    std::map<std::string, std::string> file_;
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
};

}  // namespace porchlight::scenarios
