#include "command_line/completion.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "command_line/failure.h"
#include "command_line/manual.h"

namespace porchlight::command_line {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A tree with one of each kind.
class CommandLine : public testing::Test {
  protected:
    CommandLine() {
        CLI::App* status = app_.add_subcommand("status", "What others see");
        CLI::App* set = status->add_subcommand("set", "Say it's so");
        set->footer("First.\n\nSecond:\n\n    porchlight -x\n.leading\n");
        set->add_option("STATE", text_, "One of them")->check(CLI::IsMember({"online", "busy"}));
        set->add_option("-t,--text", text_, "What you're up to");
        set->add_option("--file", text_, "A file")->type_name("FILE");
        set->add_flag("--json", flag_, "For scripts");
        app_.add_subcommand("hidden", "Not shown")->group("");
    }

    CLI::App app_{"Who is home", "porchlight"};
    std::string text_;
    bool flag_ = false;
};

TEST_F(CommandLine, the_tree_is_described_with_its_values) {
    const command root = describe(app_);
    ASSERT_EQ(root.commands.size(), 1U) << "hidden commands are left out";
    const command& set = root.commands.at(0).commands.at(0);
    EXPECT_EQ(set.path, "porchlight status set");
    ASSERT_EQ(set.positionals.size(), 1U);
    EXPECT_THAT(set.positionals[0].choices, testing::UnorderedElementsAre("online", "busy"));
    ASSERT_EQ(set.options.size(), 4U) << "help, text, file, json";
    EXPECT_THAT(set.options[1].names, ElementsAre("-t", "--text"));
    EXPECT_EQ(set.options[1].value, "TEXT");
    EXPECT_TRUE(set.options[2].takes_file());
    EXPECT_EQ(set.options[3].value, "") << "a flag takes nothing";
    EXPECT_THAT(all_of(root), testing::SizeIs(3));
}

TEST_F(CommandLine, bash_skips_the_value_of_an_option_and_completes_files_where_they_are_meant) {
    const std::string script = bash_completion(describe(app_));
    EXPECT_THAT(script,
                HasSubstr("'porchlight status set -t' | 'porchlight status set --text') ((i++))"));
    EXPECT_THAT(script, HasSubstr("'porchlight status set --file') compopt -o filenames"));
    EXPECT_THAT(script, Not(HasSubstr("hidden")));
}

TEST_F(CommandLine, what_is_wrong_is_said_with_where_and_what_there_is) {
    const auto said = [&](const std::string& line) {
        app_.require_subcommand(1);
        app_.get_subcommand("status")->require_subcommand(1);
        try {
            app_.parse(line);
        } catch (const CLI::ParseError& e) {
            return failure_sentence(&app_, e);
        }
        return std::string();
    };
    EXPECT_EQ(said("frob"),
              "porchlight: there is no command \"frob\"; there are status; `porchlight --help` "
              "says more\n");
    EXPECT_THAT(said("status frob"),
                HasSubstr("porchlight status: there is no command \"frob\"; there are set"));
    EXPECT_THAT(said("status"), HasSubstr("porchlight status: say which command: set"));
    EXPECT_THAT(said("status set --frob"),
                HasSubstr("porchlight status set: \"--frob\" has no place here"));
    EXPECT_THAT(said("status set online busy"), HasSubstr("\"busy\" has no place here"));
    EXPECT_THAT(said("status set drunk"),
                HasSubstr("porchlight status set: STATE: drunk not in {"));
    EXPECT_THAT(said("status set --text"), HasSubstr("porchlight status set: --text"));
}

TEST_F(CommandLine, quotes_in_help_end_no_string) {
    EXPECT_THAT(zsh_completion(describe(app_)), HasSubstr(R"('set:Say it'\''s so')"));
    EXPECT_THAT(fish_completion(describe(app_)), HasSubstr(R"(-d 'Say it\'s so')"));
}

TEST_F(CommandLine, a_page_describes_what_is_below_its_command) {
    const command root = describe(app_);
    const std::string page = manual_page(root, root.commands.at(0), "1.2.3");
    EXPECT_THAT(page, testing::StartsWith(".TH PORCHLIGHT-STATUS 1 \"\" \"porchlight 1.2.3\""));
    EXPECT_THAT(page, HasSubstr(".SS \"porchlight status set\""));
    EXPECT_THAT(page, HasSubstr("\\fB\\-t\\fR, \\fB\\-\\-text\\fR \\fITEXT\\fR\n"));
}

TEST_F(CommandLine, examples_stand_as_they_are_and_text_is_no_request_of_roff) {
    const command root = describe(app_);
    const std::string page = manual_page(root, root.commands.at(0).commands.at(0), "1");
    EXPECT_THAT(page,
                HasSubstr("First.\n.PP\nSecond:\n.PP\n.nf\n.RS\nporchlight \\-x\n.RE\n.fi\n"));
    EXPECT_THAT(page, HasSubstr("\n\\&.leading\n"));
    EXPECT_THAT(page, Not(HasSubstr("SH DESCRIPTION\n.PP")));
}

}  // namespace
}  // namespace porchlight::command_line
