#include "command_line/manual.h"

#include <algorithm>
#include <sstream>

namespace porchlight::command_line {

namespace {

// Text of a line that roff takes as it stands.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if ((c == '.' || c == '\'') && out.empty()) {
            out += std::string("\\&") + c;
        } else {
            out += c;
        }
    }
    return out;
}

std::string bold(const std::string& text) {
    return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(const std::string& text) {
    return "\\fI" + escaped(text) + "\\fR";
}

// "FILE", or "online|offline" where only these are allowed.
std::string value_of(const option& o) {
    if (o.choices.empty()) {
        return italic(o.value);
    }
    std::string all;
    for (const std::string& c : o.choices) {
        all += (all.empty() ? "" : "|") + bold(c);
    }
    return all;
}

std::string synopsis(const command& c) {
    std::string line = bold(c.path);
    if (!c.options.empty()) {
        line += " [" + italic("OPTIONS") + ']';
    }
    if (!c.commands.empty()) {
        line += ' ' + italic("COMMAND") + " ...";
    }
    for (const option& p : c.positionals) {
        const std::string name = italic(p.names.front()) + (p.many ? "..." : "");
        line += p.required ? ' ' + name : " [" + name + ']';
    }
    return line + '\n';
}

// Paragraphs, with the lines that begin with four spaces as they are.
void append_paragraphs(std::string& out, const std::string& text) {
    std::istringstream lines(text);
    bool example = false, gap = false, first = true;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) {
            gap = true;
            continue;
        }
        const bool now = line.starts_with("    ");
        if (example && !now) {
            out += ".RE\n.fi\n";
        }
        if (!first && (gap || example != now)) {
            out += ".PP\n";
        }
        if (now && !example) {
            out += ".nf\n.RS\n";
        }
        out += escaped(now ? line.substr(4) : line) + '\n';
        example = now;
        gap = first = false;
    }
    out += example ? ".RE\n.fi\n" : "";
}

void append_options(std::string& out, const command& c) {
    for (const option& p : c.positionals) {
        out += ".TP\n" + (p.choices.empty() ? italic(p.names.front()) : value_of(p)) + '\n' +
               escaped(p.help) + '\n';
    }
    for (const option& o : c.options) {
        std::string names;
        for (const std::string& name : o.names) {
            names += (names.empty() ? "" : ", ") + bold(name);
        }
        out += ".TP\n" + names + (o.value.empty() ? "" : ' ' + value_of(o)) + '\n' +
               escaped(o.help) + '\n';
    }
}

void append_below(std::string& out, const command& c) {
    for (const command& sub : c.commands) {
        out += ".SS " + std::string("\"") + escaped(sub.path) + "\"\n" + synopsis(sub) + ".PP\n" +
               escaped(sub.help) + ".\n";
        if (!sub.more.empty()) {
            out += ".PP\n";
            append_paragraphs(out, sub.more);
        }
        append_options(out, sub);
        append_below(out, sub);
    }
}

void append_see_also(std::string& out, const command& root, const command& of) {
    out += ".SH SEE ALSO\n";
    std::string line;
    if (&of != &root) {
        line = bold(page_name(root)) + "(1)";
    }
    for (const command& c : root.commands) {
        if (&c != &of) {
            line += (line.empty() ? "" : ",\n") + bold(page_name(c)) + "(1)";
        }
    }
    out += line + '\n';
}

}  // namespace

std::string page_name(const command& of) {
    std::string name = of.path;
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string manual_page(const command& root, const command& of, const std::string& version) {
    std::string title = page_name(of);
    std::transform(title.begin(), title.end(), title.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    std::string out = ".TH " + title + " 1 \"\" \"porchlight " + version + "\" \"Porchlight\"\n";
    out += ".SH NAME\n" + escaped(page_name(of)) + " \\- " + escaped(of.help) + '\n';
    out += ".SH SYNOPSIS\n" + synopsis(of);
    if (!of.more.empty()) {
        out += ".SH DESCRIPTION\n";
        append_paragraphs(out, of.more);
    }
    out += ".SH OPTIONS\n";
    append_options(out, of);
    if (!of.commands.empty()) {
        out += ".SH COMMANDS\n";
        if (&of == &root) {
            for (const command& c : of.commands) {
                out += ".TP\n" + bold(c.path) + '\n' + escaped(c.help) + '\n';
            }
        } else {
            append_below(out, of);
        }
    }
    out +=
        ".SH EXIT STATUS\n0 when it was done, 1 when not; standard error then has a sentence that "
        "says why.\n";
    append_see_also(out, root, of);
    return out;
}

}  // namespace porchlight::command_line
