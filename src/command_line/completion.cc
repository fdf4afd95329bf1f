#include "command_line/completion.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace porchlight::command_line {

namespace {

std::string joined(const std::vector<std::string>& words, const std::string& between) {
    std::string all;
    for (const std::string& w : words) {
        all += (all.empty() ? "" : between) + w;
    }
    return all;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
        text.replace(at, what.size(), by);
    }
    return text;
}

// In single quotes, for bash and zsh.
std::string quoted(const std::string& text) {
    return '\'' + replaced(text, "'", R"('\'')") + '\'';
}

std::string fish_quoted(const std::string& text) {
    return '\'' + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + '\'';
}

std::vector<std::string> option_names(const command& c) {
    std::vector<std::string> names;
    for (const option& o : c.options) {
        names.insert(names.end(), o.names.begin(), o.names.end());
    }
    return names;
}

// What may stand in a command's place: its sub-commands, or the values of what it takes.
std::vector<std::string> words_of(const command& c) {
    std::vector<std::string> words;
    words.reserve(c.commands.size());
    for (const command& sub : c.commands) {
        words.push_back(sub.name);
    }
    for (const option& p : c.positionals) {
        words.insert(words.end(), p.choices.begin(), p.choices.end());
    }
    return words;
}

using case_line = std::function<std::string(const command&, const option&)>;

// A line for each command's options that take a value: "path --name".
std::string valued_cases(const command& root, const case_line& line) {
    std::string out;
    for (const command* c : all_of(root)) {
        for (const option& o : c->options) {
            if (!o.value.empty()) {
                out += line(*c, o);
            }
        }
    }
    return out;
}

std::string patterns(const command& c, const option& o, const std::string& between) {
    std::vector<std::string> all;
    all.reserve(o.names.size());
    for (const std::string& name : o.names) {
        all.push_back(quoted(c.path + ' ' + name));
    }
    return joined(all, between);
}

std::string command_patterns(const command& root, const std::string& between) {
    std::vector<std::string> all;
    for (const command* c : all_of(root)) {
        if (c != &root) {
            all.push_back(quoted(c->path));
        }
    }
    return joined(all, between);
}

// How far the words before the cursor lead into the tree, in bash's and zsh's common words.
std::string walk(const command& root) {
    return "        case \"$here $word\" in\n            " + command_patterns(root, " | ") +
           ") here=\"$here $word\" ;;\n" +
           valued_cases(root,
                        [](const auto& c, const auto& o) {
                            return "            " + patterns(c, o, " | ") + ") ((i++)) ;;\n";
                        }) +
           "        esac\n";
}

std::string described(const std::vector<std::pair<std::string, std::string>>& words) {
    std::string out = "(";
    for (const auto& [word, help] : words) {
        out += out == "(" ? "" : " ";
        out += quoted(std::string(word).append(":").append(help));
    }
    return out + ')';
}

std::string zsh_words(const command& c) {
    std::vector<std::pair<std::string, std::string>> words, options;
    for (const command& sub : c.commands) {
        words.emplace_back(sub.name, sub.help);
    }
    for (const option& p : c.positionals) {
        for (const std::string& choice : p.choices) {
            words.emplace_back(choice, p.names.front());
        }
    }
    for (const option& o : c.options) {
        for (const std::string& name : o.names) {
            options.emplace_back(name, o.help);
        }
    }
    return "        " + quoted(c.path) + ")\n            words_here=" + described(words) +
           "\n            options_here=" + described(options) + " ;;\n";
}

std::string fish_option(const command& c, const option& o) {
    std::string line =
        "complete -c porchlight -n " + fish_quoted("__porchlight_at " + quoted(c.path));
    for (const std::string& name : o.names) {
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (o.takes_file()) {
        line += " -r -F";
    } else if (!o.value.empty()) {
        line += " -x";
    }
    if (!o.choices.empty()) {
        line += " -a " + fish_quoted(joined(o.choices, " "));
    }
    return line + " -d " + fish_quoted(o.help) + '\n';
}

std::string fish_words(const command& c) {
    const std::string at =
        "complete -c porchlight -n " + fish_quoted("__porchlight_at " + quoted(c.path));
    std::string out;
    for (const command& sub : c.commands) {
        out += at + " -a " + fish_quoted(sub.name) + " -d " + fish_quoted(sub.help) + '\n';
    }
    for (const option& p : c.positionals) {
        if (!p.choices.empty()) {
            out += at + " -a " + fish_quoted(joined(p.choices, " ")) + '\n';
        }
    }
    for (const option& o : c.options) {
        out += fish_option(c, o);
    }
    return out;
}

}  // namespace

std::string bash_completion(const command& root) {
    std::string out =
        "# bash completion of porchlight, made by `porchlight completion bash`.\n"
        "_porchlight() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local here=porchlight word i words='' options=''\n"
        "    # bash makes three words of --option=value.\n"
        "    [[ $current != = ]] || current=''\n"
        "    ((COMP_CWORD < 2)) || [[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    COMPREPLY=()\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n" +
        walk(root) + "    done\n    case \"$here $previous\" in\n";
    out += valued_cases(root, [](const command& c, const option& o) {
        std::string what = "return";
        if (o.takes_file()) {
            what =
                "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); "
                "return";
        } else if (!o.choices.empty()) {
            what = "mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(o.choices, " ")) +
                   " -- \"$current\"); return";
        }
        return "        " + patterns(c, o, " | ") + ") " + what + " ;;\n";
    });
    out += "    esac\n    case \"$here\" in\n";
    for (const command* c : all_of(root)) {
        out += "        " + quoted(c->path) + ") words=" + quoted(joined(words_of(*c), " ")) +
               " options=" + quoted(joined(option_names(*c), " ")) + " ;;\n";
    }
    return out +
           "    esac\n"
           "    [[ $current != -* ]] || words=$options\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -F _porchlight porchlight\n";
}

std::string zsh_completion(const command& root) {
    std::string out =
        "#compdef porchlight\n"
        "# zsh completion of porchlight, made by `porchlight completion zsh`.\n"
        "_porchlight() {\n"
        "    local here=porchlight word i\n"
        "    local -a words_here options_here\n"
        "    for ((i = 2; i < CURRENT; i++)); do\n"
        "        word=$words[i]\n" +
        walk(root) + "    done\n    case \"$here $words[CURRENT-1]\" in\n";
    out += valued_cases(root, [](const command& c, const option& o) {
        std::string what = "_message " + quoted(o.help);
        if (o.takes_file()) {
            what = "_files";
        } else if (!o.choices.empty()) {
            what = "compadd -- " + joined(o.choices, " ");
        }
        return "        " + patterns(c, o, " | ") + ") " + what + "; return ;;\n";
    });
    out += "    esac\n    case $here in\n";
    for (const command* c : all_of(root)) {
        out += zsh_words(*c);
    }
    return out +
           "    esac\n"
           "    if [[ $words[CURRENT] == -* ]]; then\n"
           "        _describe -o option options_here\n"
           "    elif (( $#words_here )); then\n"
           "        _describe command words_here\n"
           "    fi\n"
           "}\n"
           "if [[ $funcstack[1] == _porchlight ]]; then\n"
           "    _porchlight \"$@\"\n"
           "else\n"
           "    compdef _porchlight porchlight\n"
           "fi\n";
}

std::string fish_completion(const command& root) {
    std::string out =
        "# fish completion of porchlight, made by `porchlight completion fish`.\n"
        "function __porchlight_at\n"
        "    set -l here porchlight\n"
        "    set -l skip no\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        if test $skip = yes\n"
        "            set skip no\n"
        "            continue\n"
        "        end\n"
        "        switch \"$here $word\"\n"
        "            case " +
        command_patterns(root, " ") + "\n                set here \"$here $word\"\n" +
        valued_cases(root,
                     [](const auto& c, const auto& o) {
                         return "            case " + patterns(c, o, " ") +
                                "\n                set skip yes\n";
                     }) +
        "        end\n"
        "    end\n"
        "    test \"$here\" = \"$argv[1]\"\n"
        "end\n"
        "complete -c porchlight -f\n";
    for (const command* c : all_of(root)) {
        out += fish_words(*c);
    }
    return out;
}

}  // namespace porchlight::command_line
