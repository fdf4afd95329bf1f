#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/explain.h"

namespace porchlight::admin {

// What the sentence needs beside the engine's explanation. Device ids are in the order of
// explanation::devices; empty: the devices of before a restart.
struct sentence_facts {
    std::string_view user_id;
    std::vector<std::string> device_ids;
    std::size_t observers_elsewhere = 0;
    base::wall_time now;
};

// The explanation as an administrator reads it. Pure.
std::string sentence(const engine::explanation& x, const sentence_facts& f);

}  // namespace porchlight::admin
