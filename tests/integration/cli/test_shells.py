#!/usr/bin/env python3
"""Completions in the shells themselves, and man pages without a warning. PORCHLIGHT_BINARY names the program."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from program import BINARY, Person, Terminal, until

# What is typed, and what it may become; "": nothing.
CASES = [
    ("porchlight li", {"list"}),
    ("porchlight list a", {"accept", "add"}),
    ("porchlight status set un", {"unavailable"}),
    ("porchlight watch --state ", {"online", "free_for_chat", "busy"}),
    ("porchlight watch --on", {"--only-watch"}),
    ("porchlight status set --text list u", {"unavailable"}),
    ("porchlight list --credentials x po", {"policy"}),
    ("porchlight list policy --visibility l", {"lists_only"}),
    ("porchlight list accept ", set()),
    ("porchlight login ", set()),
    ("porchlight completion ", {"bash", "fish", "zsh"}),
]


def made(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, check=True).stdout


class Shells(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-shells-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def script(self, shell):
        path = os.path.join(self.folder, shell)
        with open(path, "w") as file:
            file.write(made("completion", shell))
        return path

    def test_bash(self):
        path = self.script("bash")
        for line, expected in CASES:
            words = line.split(" ")
            program = f"""source {path}; COMP_WORDS=({' '.join(w or "''" for w in words)}); COMP_CWORD={len(words) - 1}
                          _porchlight; printf '%s\\n' "${{COMPREPLY[@]}}" """
            done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True)
            self.assertEqual((set(done.stdout.split()), done.stderr), (expected, ""), line)

    def test_bash_completes_files_where_a_file_is_meant(self):
        path = self.script("bash")
        program = f"""cd {self.folder}; touch some-file; source {path}
                      COMP_WORDS=(porchlight list --credentials some); COMP_CWORD=3
                      compopt() {{ :; }}; _porchlight; echo "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("some-file\n", ""))

    def test_fish(self):
        path = self.script("fish")
        for line, expected in CASES:
            done = subprocess.run(["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"],
                                  capture_output=True, text=True, env={**os.environ, "HOME": self.folder})
            got = {found.split("\t")[0] for found in done.stdout.splitlines()}
            self.assertEqual((got, done.stderr), (expected, ""), line)

    def test_zsh(self):
        path = self.script("zsh")
        terminal = Terminal(Person(self, "alice"), "zsh", "-f", "-i", columns=200)
        terminal.type(f"PS1='> '; autoload -U compinit && compinit -D; source {path}; echo rea''dy\n")
        until(lambda: "\nready" in terminal.read(), terminal.read)
        for line, expected in (c for c in CASES if len(c[1]) == 1):
            before = len(terminal.read())
            terminal.type(line + "\t")
            whole = line[:line.rindex(" ") + 1] + next(iter(expected))
            until(lambda: whole in terminal.read()[before:], lambda: (line, terminal.read()[before:]))
            terminal.type("\x15")  # begin a new line
        before = len(terminal.read())
        terminal.type("porchlight list a\t\t")
        until(lambda: all(word in terminal.read()[before:] for word in ("accept", "Ask to see users")),
              lambda: terminal.read()[before:])

    def test_the_shells_find_no_fault_in_the_scripts(self):
        for shell in ("bash", "zsh", "fish"):
            done = subprocess.run([shell, "-n", self.script(shell)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_every_command_has_a_page_without_a_warning(self):
        made("man", "--write-to", self.folder)
        pages = sorted(name for name in os.listdir(self.folder) if name.endswith(".1"))
        self.assertIn("porchlight.1", pages)
        self.assertIn("porchlight-watch.1", pages)
        for name in pages:
            path = os.path.join(self.folder, name)
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
            # A date would make each build another.
            said = [line for line in (lint.stdout + lint.stderr).splitlines() if "missing date" not in line]
            self.assertEqual(said, [], name)
            if shutil.which("groff"):
                groff = subprocess.run(["groff", "-man", "-ww", "-z", path], capture_output=True, text=True)
                self.assertEqual(groff.stderr, "", name)

    def test_a_page_shows_what_help_shows(self):
        page = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200"], input=made("man", "list"),
                              capture_output=True, text=True).stdout
        plain = re.sub(r".\x08", "", page)
        for words in (["list"], ["list", "policy"], ["list", "block"]):
            for option in re.findall(r"--[a-z-]+", made(*words, "--help").split("Options:")[1]):
                self.assertIn(option, plain)
        self.assertIn("porchlight list add bob @carol:elsewhere.test", plain)
        self.assertIn("lists_only", plain)

    def test_a_page_of_no_command_is_said(self):
        done = subprocess.run([BINARY, "man", "list", "bogus"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn('"bogus"', done.stderr)


if __name__ == "__main__":
    unittest.main()
