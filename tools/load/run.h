#pragma once

#include <functional>

#include "load/arguments.h"
#include "load/progress.h"
#include "load/result.h"

namespace porchlight::load {

// Makes the load: users and rooms, everybody's polls, changes, and the account at the end.
// `interrupted` ends it early, with what there is. Throws failure where there is nothing to tell.
run_result run_load(const settings& s, progress& p, const std::function<bool()>& interrupted);

}  // namespace porchlight::load
