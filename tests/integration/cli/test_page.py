#!/usr/bin/env python3
"""Runs the examples of docs/command-line.md, in order, so that the page cannot drift. A block of the page:

    ```example
    NAME$ COMMAND
    OUTPUT...
    ```

NAME has a home of their own; `<word>` in the output stands for any text within a line; a line that begins with "! " is on
standard error, and the command then ends with 1. `porchlight serve … &` starts a server and `kill %1` stops it; 127.0.0.1:8008
stands for where it is. PORCHLIGHT_BINARY names the program."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from program import BINARY, DEADLINE, Person

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```example\n(.*?)^```$", re.M | re.S)
PLACE = "127.0.0.1:8008"


def pattern(output):
    parts = re.split(r"<[a-z]+>", output)
    return re.compile(r"[^\n]*".join(re.escape(part) for part in parts))


def steps(text):
    """(name, command, output) of every block."""
    for block in BLOCK.findall(text):
        for step in re.split(r"^(?=\w+\$ )", block, flags=re.M):
            if step:
                head, _, output = step.partition("\n")
                name, _, command = head.partition("$ ")
                yield name, command, output


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-page-")
        self.addCleanup(folder.cleanup)
        self.folder, self.place, self.people, self.server = folder.name, PLACE, {}, None
        os.symlink(BINARY, os.path.join(folder.name, "porchlight"))
        self.addCleanup(self.stop)

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait()
            self.server.stdout.close()
            self.server = None

    def environment(self, name):
        person = self.people.setdefault(name, Person(self, name))
        return {**person.environment, "PATH": self.folder + ":" + os.environ["PATH"]}

    def run_step(self, name, command, output):
        """What is wrong; None: nothing."""
        if command.endswith(" &"):
            words = command.removesuffix(" &").split() + ["--listen", "127.0.0.1:0"]
            self.server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                           cwd=self.folder, env=self.environment(name))
            line = self.server.stdout.readline()
            self.place = line.strip().removeprefix("ready http://")
            return None if line.replace(self.place, PLACE) == output else f"{command}: {line!r}"
        if command == "kill %1":
            self.stop()
            return None
        done = subprocess.run(["sh", "-c", command.replace(PLACE, self.place)], cwd=self.folder, capture_output=True,
                              text=True, env=self.environment(name), timeout=3 * DEADLINE)
        got = (done.stdout + "".join("! " + line + "\n" for line in done.stderr.splitlines())).replace(self.place, PLACE)
        code = 1 if output.startswith("! ") else 0
        if not pattern(output).fullmatch(got) or done.returncode != code:
            return f"{name}$ {command}\nexpected {code}:\n{output}\ngot {done.returncode}:\n{got}"
        return None

    def test_every_example_is_what_happens(self):
        count = 0
        for step in steps(PAGE.read_text()):
            self.assertIsNone(self.run_step(*step))
            count += 1
        self.assertGreater(count, 30)

    def test_every_command_is_on_the_page(self):
        text = PAGE.read_text()
        script = subprocess.run([BINARY, "completion", "bash"], capture_output=True, text=True, check=True).stdout
        commands = re.findall(r"^        '(porchlight [a-z -]+)'\) words=", script, re.M)
        self.assertGreater(len(commands), 30)
        for command in commands:
            self.assertTrue(command in text or f"`{command.removeprefix('porchlight ')}" in text, command)

    def test_a_wrong_example_is_noticed(self):
        self.assertIsNotNone(self.run_step("admin", "porchlight --version", "9.9.9\n"))
        self.assertIsNotNone(self.run_step("admin", "porchlight whoami", ""))
        self.assertIsNone(self.run_step("admin", "echo some thing", "some <word>\n"))


if __name__ == "__main__":
    unittest.main()
