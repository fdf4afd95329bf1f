#include "person/command_tree.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "person/credentials.h"

namespace porchlight::person {

namespace {

std::string file_of(const arguments& a) {
    return credentials_path(a.credentials, [](const char* name) { return std::getenv(name); });
}

CLI::App* add(CLI::App& above, arguments& a, const char* name, const char* help) {
    CLI::App* command = above.add_subcommand(name, help);
    command
        ->add_option("--credentials", a.credentials,
                     "Where the login is kept (~/.config/porchlight/credentials.json)")
        ->type_name("FILE");
    return command;
}

void add_json(CLI::App& command, arguments& a) {
    command.add_flag("--json", a.as_json, "For programs");
}

void add_users(CLI::App& command, arguments& a, bool required) {
    command.add_option("USER", a.users, "User ids, or names alone of those on your own server")
        ->required(required)
        ->type_name("");
}

void add_login(CLI::App& app, arguments& a, int& code) {
    CLI::App* login = add(app, a, "login", "Log in on a Matrix server");
    login
        ->add_option("WHO", a.login.target,
                     "@you:your.server, or the URL of a server; left out: as whom you were before")
        ->type_name("");
    login
        ->add_option("--server", a.login.server,
                     "Where the server is, instead of asking the name behind the colon")
        ->type_name("URL");
    login->add_option("--user", a.login.user, "Who you are, when WHO is a URL")->type_name("NAME");
    login->footer(
        "Finds the server by https://your.server/.well-known/matrix/client, else takes "
        "https://your.server. Plain\n"
        "http is used only when a URL says so. The password is asked for, or is one line of "
        "standard input.\n"
        "\n"
        "The login is kept in a file that nobody else can read: one file, one account. For another "
        "account name\n"
        "another file, with --credentials or in PORCHLIGHT_CREDENTIALS.\n"
        "\n"
        "    porchlight login @alice:porch.test\n"
        "    porchlight login http://127.0.0.1:8008 --user alice < password.txt\n");
    login->callback([&] {
        a.login.credentials = file_of(a);
        code = person::login(a.login);
    });
    CLI::App* logout = add(app, a, "logout", "End the login, here and on the server");
    logout->add_flag("--forget", a.forget, "Remove the file even if the server can't be told");
    logout->callback([&] { code = person::logout(file_of(a), a.forget); });
    CLI::App* whoami = add(app, a, "whoami", "Who you are logged in as, asked of the server");
    add_json(*whoami, a);
    whoami->callback([&] { code = person::whoami(file_of(a), a.as_json); });
}

void add_status_set(CLI::App& status, arguments& a, int& code) {
    CLI::App* set = add(status, a, "set", "Say that you are there, or what you are up to");
    set->add_option("STATE", a.status.state, "How you are shown; left out: stays")
        ->check(
            CLI::IsMember({"online", "unavailable", "offline", "free_for_chat", "hidden", "busy"}));
    CLI::Option* text = set->add_option("--text", a.text, "What you are up to");
    set->add_option("--expires", a.status.expires,
                    "When the text goes by itself: 90s, 30m, 2h, 7d (Porchlight only)")
        ->type_name("DURATION");
    set->add_flag("--unhide", a.status.unhide,
                  "End being hidden, whichever device began it (Porchlight only)");
    add_json(*set, a);
    set->footer(
        "A state is said once and not kept up: without a client that stays connected (or "
        "`porchlight watch`) it\n"
        "holds for the server's idle timeout, five minutes by default, and then you are offline "
        "again. The text\n"
        "stays. \"offline\" holds until you say something else. \"hidden\" shows you offline to "
        "everybody, whatever\n"
        "your devices do, until this login says another state or any says --unhide.\n"
        "\n"
        "    porchlight status set --text 'at lunch' --expires 1h\n"
        "    porchlight status set busy\n");
    set->callback([&a, &code, text] {
        if (text->count() != 0) {
            a.status.text = a.text;
        }
        code = status_set(file_of(a), a.status, a.as_json);
    });
}

void add_status(CLI::App& app, arguments& a, int& code) {
    CLI::App* status = app.add_subcommand("status", "How you are shown, and others are");
    status->require_subcommand(1);
    CLI::App* get = add(*status, a, "get", "State, activity and text of users");
    add_users(*get, a, false);
    add_json(*get, a);
    get->footer("Without USER: your own.\n\n    porchlight status get @bob:porch.test\n");
    get->callback([&] { code = status_get(file_of(a), a.users, a.as_json); });
    add_status_set(*status, a, code);
    CLI::App* clear = add(*status, a, "clear", "Take your text away; the state stays");
    add_json(*clear, a);
    clear->callback([&] {
        a.status = {};
        a.status.text = "";
        code = status_set(file_of(a), a.status, a.as_json);
    });
}

void add_policy(CLI::App& list, arguments& a, int& code) {
    CLI::App* policy =
        add(list, a, "policy", "Who may see you at all, and whom you accept unasked");
    policy
        ->add_option("--visibility", a.visibility,
                     "People in rooms with you and those you accepted, those alone, or nobody")
        ->check(CLI::IsMember({"everyone", "lists_only", "nobody"}));
    policy
        ->add_option("--auto-accept", a.auto_accept,
                     "Nobody, whom you asked yourself, everybody on your server, or everybody")
        ->check(CLI::IsMember({"never", "contacts", "same_server", "everyone"}));
    add_json(*policy, a);
    policy->callback(
        [&] { code = list_policy(file_of(a), a.visibility, a.auto_accept, a.as_json); });
}

void add_list(CLI::App& app, arguments& a, int& code) {
    CLI::App* list =
        add(app, a, "list", "Whom you follow without sharing a room, and who follows you");
    list->require_subcommand(0, 1);
    add_json(*list, a);
    list->footer(
        "Without a command: your own list. Whoever you add is asked, and is shown once they "
        "accepted. Needs a\n"
        "Porchlight server; docs/presence-lists.md says what each choice means.\n"
        "\n"
        "    porchlight list add bob @carol:elsewhere.test\n"
        "    porchlight list invites\n"
        "    porchlight list accept bob\n");
    const auto change = [&](const char* name, const char* verb, const char* help) {
        CLI::App* sub = add(*list, a, name, help);
        add_users(*sub, a, true);
        add_json(*sub, a);
        sub->callback(
            [&a, &code, verb] { code = list_change(file_of(a), verb, a.users, a.as_json); });
    };
    change("add", "invite", "Ask to see users");
    change("drop", "drop", "Take users off your list, or no longer ask");
    CLI::App* invites =
        add(*list, a, "invites", "Who asks to see you, who sees you, whom you denied");
    add_json(*invites, a);
    invites->callback([&] { code = list_invites(file_of(a), a.as_json); });
    change("accept", "accept", "Let users see you, also before they ask");
    change("deny", "deny", "Don't let users see you; they aren't told");
    change("revoke", "revoke", "No longer let users see you");
    change("block", "block", "Be offline to users wherever they would see you");
    change("unblock", "unblock", "End a block");
    add_policy(*list, a, code);
    list->callback([&a, &code, list] {
        if (list->get_subcommands().empty()) {
            code = list_show(file_of(a), a.as_json);
        }
    });
}

void add_watch(CLI::App& app, arguments& a, int& code) {
    CLI::App* watch = add(app, a, "watch", "Who is home: a live table");
    watch
        ->add_option("--idle", a.watch.idle_minutes,
                     "Minutes without a key after which you are shown as away, 1 to 5 (3)")
        ->check(CLI::Range(1, 5))
        ->type_name("MINUTES");
    watch
        ->add_option("--state", a.watch.state, "What you are shown as while you are there (online)")
        ->check(CLI::IsMember({"online", "free_for_chat", "busy"}));
    watch->add_flag("--only-watch", a.watch.only_watch, "Don't show that you are there");
    watch->add_flag("--json", a.watch.as_json,
                    "One JSON object a line for each change, for programs");
    watch->footer(
        "Shows whom you may see: those you share a room with, and those who accepted you on their "
        "presence list.\n"
        "You are shown too while it runs, as long as you press a key now and then; q or Ctrl-C "
        "ends it.\n"
        "\n"
        "A state that you set elsewhere with this login, by `porchlight status set`, holds until "
        "the next poll; use\n"
        "--state here instead. A text stays.\n"
        "\n"
        "Where standard output is no terminal, each change is a line. Without a terminal to type "
        "on, nobody can\n"
        "tell that you are there, so it only watches. Colours are left out when NO_COLOR is set.\n"
        "\n"
        "    porchlight watch\n"
        "    porchlight watch --json | jq -r 'select(.type == \"presence\") | .user_id + \" \" + "
        ".presence'\n");
    watch->callback([&] {
        a.watch.credentials = file_of(a);
        code = person::watch(a.watch);
    });
}

}  // namespace

void add_commands(CLI::App& app, arguments& a, int& code) {
    add_login(app, a, code);
    add_status(app, a, code);
    add_list(app, a, code);
    add_watch(app, a, code);
}

}  // namespace porchlight::person
