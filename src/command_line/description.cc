#include "command_line/description.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace porchlight::command_line {

namespace {

// CLI11 says what is allowed in the name of the type: "TEXT:{online,offline}".
std::vector<std::string> choices_of(const std::string& type) {
    std::vector<std::string> found;
    const auto open = type.find('{'), close = type.rfind('}');
    if (open == std::string::npos || close == std::string::npos || close < open) {
        return found;
    }
    std::istringstream inside(type.substr(open + 1, close - open - 1));
    for (std::string one; std::getline(inside, one, ',');) {
        found.push_back(one);
    }
    return found;
}

option describe(const CLI::Option& from) {
    option o;
    if (from.get_positional()) {
        o.names.push_back(from.get_name(true));
    } else {
        for (const auto& name : from.get_snames()) {
            o.names.push_back("-" + name);
        }
        for (const auto& name : from.get_lnames()) {
            o.names.push_back("--" + name);
        }
    }
    const std::string type = from.get_type_name();
    if (from.get_type_size() != 0) {
        o.value = type.substr(0, type.find(':'));
        o.choices = choices_of(type);
    }
    o.help = from.get_description();
    o.required = from.get_required();
    o.many = from.get_items_expected_max() > 1;
    return o;
}

}  // namespace

command describe(const CLI::App& app, const std::string& above) {
    command c;
    c.name = app.get_name();
    c.path = above.empty() ? c.name : above + ' ' + c.name;
    c.help = app.get_description();
    c.more = app.get_footer();
    for (const CLI::Option* o : app.get_options()) {
        if (!o->get_group().empty()) {
            (o->get_positional() ? c.positionals : c.options).push_back(describe(*o));
        }
    }
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!sub->get_group().empty()) {
            c.commands.push_back(describe(*sub, c.path));
        }
    }
    return c;
}

std::vector<const command*> all_of(const command& root) {
    std::vector<const command*> all{&root};
    for (const command& c : root.commands) {
        const auto below = all_of(c);
        all.insert(all.end(), below.begin(), below.end());
    }
    return all;
}

}  // namespace porchlight::command_line
