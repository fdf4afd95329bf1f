#include "server/command_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "person/prompt.h"
#include "server/application.h"
#include "server/backup_commands.h"
#include "server/commands.h"

namespace porchlight::server {

namespace {

config read_config(const arguments& a) {
    config c;
    if (!a.file.empty()) {
        if (const auto r = load_toml(c, a.file); r.has_error()) {
            throw start_error(r.error().message);
        }
    }
    for (const auto& [key, value] : a.keys) {
        if (const auto r = set_key(c, key, value); r.has_error()) {
            throw start_error(r.error().message);
        }
    }
    if (const auto r = validate(c); r.has_error()) {
        throw start_error(r.error().message);
    }
    return c;
}

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, s);
    }
    return set;
}

int serve(const arguments& a) {
    const config c = read_config(a);
    // Blocked before any thread starts, so that only sigwait below sees them.
    const sigset_t signals = our_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    base::log::start(c.log);

    application app(c);
    app.start();
    std::cout << "ready " << app.base_url() << std::endl;
    sd_notify(0, "READY=1");

    while (true) {
        int got = 0;
        sigwait(&signals, &got);
        if (got != SIGHUP) {
            break;
        }
        sd_notify(0, "RELOADING=1");
        try {
            app.reload(read_config(a));
        } catch (const start_error& e) {
            base::log::error("server", "not reloaded", {{"reason", e.message}});
        }
        sd_notify(0, "READY=1");
    }
    sd_notify(0, "STOPPING=1");
    app.drain();
    base::log::stop();
    return 0;
}

// --set section.key=value
void add_set(arguments& a, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        throw CLI::ValidationError("--set", "needs section.key=value, not " + text);
    }
    a.keys.emplace_back(text.substr(0, equals), text.substr(equals + 1));
}

void add_config_options(CLI::App& app, arguments& a) {
    app.add_option("--config", a.file, "TOML file")->type_name("FILE");
    const auto key = [&](const char* option, const char* name, const char* help) {
        app.add_option_function<std::string>(
            option, [&a, name](const std::string& v) { a.keys.emplace_back(name, v); }, help);
    };
    key("--data", "server.data", "Folder of the database (./porchlight-data)");
    key("--server-name", "server.name", "What stands behind the colon of user ids (localhost)");
    app.add_option_function<std::vector<std::string>>(
           "--set",
           [&a](const std::vector<std::string>& all) {
               for (const std::string& s : all) {
                   add_set(a, s);
               }
           },
           "Any key of `porchlight config`, as section.key=value; may be repeated")
        ->allow_extra_args(false);
}

void add_serve(CLI::App& app, arguments& a, int& code) {
    CLI::App* command = app.add_subcommand("serve", "Run the server");
    add_config_options(*command, a);
    const auto key = [&](const char* option, const char* name, const char* help) {
        command->add_option_function<std::string>(
            option, [&a, name](const std::string& v) { a.keys.emplace_back(name, v); }, help);
    };
    key("--listen", "server.listen", "ADDR:PORT of plain HTTP (127.0.0.1:8008); port 0 picks one");
    key("--listen-tls", "server.listen_tls", "ADDR:PORT of TLS");
    key("--tls-cert", "server.tls_cert", "PEM file, the whole chain");
    key("--tls-key", "server.tls_key", "PEM file");
    command->add_flag_callback(
        "--open-registration", [&a] { a.keys.emplace_back("accounts.registration", "open"); },
        "Anybody may register an account");
    command->callback([&] { code = serve(a); });
}

void add_user(CLI::App& app, arguments& a, int& code) {
    CLI::App* user = app.add_subcommand("user", "Accounts; the server must not run meanwhile");
    user->require_subcommand(1);
    const auto command = [&](const char* name, const char* help, bool with_password, auto run) {
        CLI::App* sub = user->add_subcommand(name, help);
        add_config_options(*sub, a);
        sub->add_option("name", a.name, "Localpart or whole user id")->required();
        if (with_password) {
            sub->add_option(
                "--password", a.password,
                "Else it is read from standard input (other users see arguments in ps)");
        }
        sub->callback([&a, &code, with_password, run] {
            const config c = read_config(a);
            if (with_password && a.password.empty()) {
                a.password = person::ask_password("Password: ");
            }
            code = run(c, a);
        });
    };
    command("add", "Make an account", true,
            [](const config& c, const arguments& x) { return user_add(c, x.name, x.password); });
    command("passwd", "Set a password; logs out all devices", true,
            [](const config& c, const arguments& x) { return user_passwd(c, x.name, x.password); });
    command("deactivate", "End an account for good", false,
            [](const config& c, const arguments& x) { return user_deactivate(c, x.name); });
    command("list", "Whom a user sees and is seen by, as a table", false,
            [](const config& c, const arguments& x) { return user_list(c, x.name); });
    command("export-list",
            "All of a user's presence list, invites, observers, blocks and policy, as JSON", false,
            [](const config& c, const arguments& x) { return user_export_list(c, x.name); });
}

void add_federation(CLI::App& app, arguments& a, int& code) {
    CLI::App* federation = app.add_subcommand("federation", "Other servers");
    federation->require_subcommand(1);
    CLI::App* checked = federation->add_subcommand(
        "check", "Walk the way to a server and print each step; the server may run meanwhile");
    add_config_options(*checked, a);
    checked->add_option("server", a.name, "Its name, as behind the colon of user ids")->required();
    checked->callback([&] { code = federation_check(read_config(a), a.name); });
}

void add_backup(CLI::App& app, arguments& a, int& code) {
    CLI::App* backed = app.add_subcommand(
        "backup", "Copy database, key and uploads to a new folder; the server may run meanwhile");
    add_config_options(*backed, a);
    backed->add_option("folder", a.name, "Made; must not exist")->required();
    backed->callback([&] { code = backup(read_config(a), a.name); });
    CLI::App* restored =
        app.add_subcommand("restore", "Fill an empty data folder from a backup, checked first");
    add_config_options(*restored, a);
    restored->add_option("from", a.name, "What `backup` made")->required();
    restored->callback([&] { code = restore(read_config(a), a.name); });
}

}  // namespace

void add_commands(CLI::App& app, arguments& a, int& code) {
    add_serve(app, a, code);
    add_user(app, a, code);
    add_federation(app, a, code);
    add_backup(app, a, code);
    CLI::App* show =
        app.add_subcommand("config", "Print every key with value, default and meaning");
    add_config_options(*show, a);
    show->add_flag("--table", a.table, "The defaults as a table in Markdown");
    show->callback(
        [&] { std::cout << (a.table ? print_config_table() : print_config(read_config(a))); });
    CLI::App* checked = app.add_subcommand("check", "Look over configuration, data and database");
    add_config_options(*checked, a);
    checked->callback([&] { code = check(read_config(a)); });
    app.add_subcommand("routes", "Print every endpoint of the client API, one JSON object a line")
        ->callback([&] { code = routes(); });
}

}  // namespace porchlight::server
