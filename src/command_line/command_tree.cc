#include "command_line/command_tree.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "command_line/completion.h"
#include "command_line/manual.h"

namespace porchlight::command_line {

namespace {

const command* find(const command& root, const std::vector<std::string>& words) {
    const command* here = &root;
    for (const std::string& word : words) {
        const auto at = std::find_if(here->commands.begin(), here->commands.end(),
                                     [&](const command& c) { return c.name == word; });
        if (at == here->commands.end()) {
            std::cerr << "porchlight: there is no command \"" << word << "\" in \"" << here->path
                      << "\"; `" << here->path << " --help` lists them\n";
            return nullptr;
        }
        here = &*at;
    }
    return here;
}

int print_completion(const command& root, const std::string& shell) {
    std::cout << (shell == "bash"  ? bash_completion(root)
                  : shell == "zsh" ? zsh_completion(root)
                                   : fish_completion(root));
    return 0;
}

// Every page that is installed: of the program and of each command right below it.
int write_pages(const command& root, const std::string& folder, const std::string& version) {
    std::vector<const command*> pages{&root};
    for (const command& c : root.commands) {
        pages.push_back(&c);
    }
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    for (const command* c : pages) {
        const std::string path = folder + '/' + page_name(*c) + ".1";
        std::ofstream file(path, std::ios::trunc);
        file << manual_page(root, *c, version);
        file.close();
        if (!file) {
            std::cerr << "porchlight: could not write " << path << '\n';
            return 1;
        }
    }
    return 0;
}

}  // namespace

void add_commands(CLI::App& app, arguments& a, int& code, const std::string& version) {
    CLI::App* completion =
        app.add_subcommand("completion", "Print a completion script for a shell");
    completion->add_option("SHELL", a.shell, "Which shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->footer(
        "Packages install these scripts. By hand, for this shell alone:\n"
        "\n"
        "    source <(porchlight completion bash)\n"
        "    source <(porchlight completion zsh)\n"
        "    porchlight completion fish | source\n");
    completion->callback([&] { code = print_completion(describe(app), a.shell); });

    CLI::App* man = app.add_subcommand("man", "Print a man page");
    man->add_option("COMMAND", a.words, "The command it is about; none: the program");
    man->add_option("--write-to", a.folder, "Write all pages into this folder instead")
        ->type_name("FOLDER");
    man->footer("    porchlight man watch | man -l -\n");
    man->callback([&, version] {
        const command root = describe(app);
        if (!a.folder.empty()) {
            code = write_pages(root, a.folder, version);
            return;
        }
        const command* of = find(root, a.words);
        code = of == nullptr ? 1 : 0;
        if (of != nullptr) {
            std::cout << manual_page(root, *of, version);
        }
    });
}

}  // namespace porchlight::command_line
