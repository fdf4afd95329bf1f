#pragma once

#include <filesystem>
#include <string>

namespace porchlight::net::test {

// A directory with a self-signed certificate for `name`, a host name or an IP address, and its key.
// As the file of certificate authorities it is its own authority.
class certificate {
  public:
    explicit certificate(const std::string& name);
    ~certificate();
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;

    std::string cert_file() const { return folder_ / "cert.pem"; }
    std::string key_file() const { return folder_ / "key.pem"; }
    // Replaces both files.
    void write(const std::string& name) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace porchlight::net::test
