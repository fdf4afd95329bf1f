#pragma once

#include <span>
#include <string>

namespace porchlight::admin {

// One thing that must work, as the wiring found it.
struct health_check {
    std::string name;  // "store", "listener", ...
    bool good = true;
    std::string detail;  // a sentence for the operator; no secrets: /health needs no token
};

struct health_answer {
    int status = 200;  // 503 when a check is not good
    std::string body;  // {"status":"ok|failing","checks":{"store":{"status":"ok"}}}
};

// Pure; any thread.
health_answer health(std::span<const health_check> checks);

}  // namespace porchlight::admin
