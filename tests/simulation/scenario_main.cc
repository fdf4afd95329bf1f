#include "scenarios/cases.h"
#include "simulation/scenario_engine.h"

namespace porchlight::scenarios {
namespace {

const bool cases = add_cases("engine", [] { return std::make_unique<engine_harness>(); });

}  // namespace
}  // namespace porchlight::scenarios
