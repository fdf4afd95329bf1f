#include <CLI/CLI.hpp>
#include <iostream>

#include "command_line/command_tree.h"
#include "command_line/failure.h"
#include "person/command_tree.h"
#include "person/failure.h"
#include "server/application.h"
#include "server/command_tree.h"

using namespace porchlight;

int main(int argc, char** argv) {
    CLI::App app{"Porchlight: the light on the porch says who is home. A Matrix presence server.",
                 "porchlight"};
    app.require_subcommand(1);
    app.failure_message(command_line::failure_sentence);
    app.footer(
        "`porchlight COMMAND --help` and porchlight-COMMAND(1) say more about a command.\n"
        "docs/command-line.md has an example of each.\n");
    app.set_version_flag("--version", PORCHLIGHT_VERSION);
    server::arguments a;
    int code = 0;
    server::add_commands(app, a, code);
    person::arguments given;
    person::add_commands(app, given, code);
    command_line::arguments asked;
    command_line::add_commands(app, asked, code, PORCHLIGHT_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 1;
    } catch (const server::start_error& e) {
        std::cerr << "porchlight: " << e.message << '\n';
        return 1;
    } catch (const person::failed& f) {
        std::cerr << "porchlight: " << f.message << '\n';
        return 1;
    }
    return code;
}
