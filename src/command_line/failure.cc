#include "command_line/failure.h"

#include <CLI/CLI.hpp>

#include "command_line/description.h"

namespace porchlight::command_line {

namespace {

// The command that was understood last, and its path.
std::pair<const CLI::App*, std::string> reached(const CLI::App* app) {
    std::string path = app->get_name();
    while (!app->get_subcommands().empty()) {
        app = app->get_subcommands().back();
        path += ' ' + app->get_name();
    }
    return {app, path};
}

std::string names_below(const CLI::App& app) {
    std::string all;
    for (const command& c : describe(app).commands) {
        all += (all.empty() ? "" : ", ") + c.name;
    }
    return all;
}

}  // namespace

std::string failure_sentence(const CLI::App* app, const CLI::Error& e) {
    const auto [here, path] = reached(app);
    const std::string help = "`" + path + " --help` says more\n";
    const auto words = app->remaining(true);
    const std::string below = names_below(*here);
    if (!words.empty() && !words.front().starts_with('-') && !below.empty()) {
        return path + ": there is no command \"" + words.front() + "\"; there are " + below + "; " +
               help;
    }
    if (!words.empty()) {
        return path + ": \"" + words.front() + "\" has no place here; " + help;
    }
    if (here->get_require_subcommand_min() > 0 && here->get_subcommands().empty()) {
        return path + ": say which command: " + below + "; " + help;
    }
    return path + ": " + e.what() + "; " + help;
}

}  // namespace porchlight::command_line
