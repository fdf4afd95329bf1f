#pragma once

#include <string>

namespace porchlight::person {

struct watch_options {
    std::string credentials;  // the file
    std::string state = "online";
    int idle_minutes = 3;
    bool only_watch = false, as_json = false;
};

// `porchlight watch`: until q, Ctrl-C or SIGTERM. Returns the exit code, throws failed.
int watch(const watch_options& o);

}  // namespace porchlight::person
