#!/usr/bin/env python3
"""`porchlight watch` against the real server, in a pipe and on a terminal. PORCHLIGHT_BINARY names it."""
import json
import os
import signal
import subprocess
import unittest

from program import BINARY, Lines, Person, Server, Terminal, until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Watch(unittest.TestCase):
    def setUp(self):
        self.server = Server(self)
        self.alice, self.bob = Person(self, "alice"), Person(self, "bob")
        self.alice.log_in(self.server)
        self.bob.log_in(self.server)

    def befriend(self):
        self.alice.run("list", "add", "bob")
        self.bob.run("list", "accept", "alice")

    def state_of_alice(self):
        return json.loads(self.alice.run("status", "get", "--json"))["presence"]

    def assert_restored(self, text):
        """The terminal was left as it was: last of all the alternate screen."""
        self.assertEqual(text.count(ENTER), text.count(LEAVE), repr(text[-300:]))
        self.assertIn("\x1b[?25h", text[text.rindex(ENTER):], "the cursor")
        self.assertIn("\x1b[?7h", text[text.rindex(ENTER):], "wrapping")

    # --- lines ---

    def test_from_an_invite_to_a_flip_in_json(self):
        watch = Lines(self.alice, "watch", "--json")
        watch.wait_for(lambda o: o.get("user_id") == "@alice:porch.test")
        self.bob.run("list", "add", "alice")
        watch.wait_for(lambda o: o["type"] == "asked" and o["user_id"] == "@bob:porch.test")
        self.befriend()
        self.bob.run("status", "set", "online", "--text", "on the \x1b[2Jporch\n")
        seen = watch.wait_for(lambda o: o.get("user_id") == "@bob:porch.test" and o.get("status_msg"))
        self.assertEqual((seen["presence"], seen["status_msg"]), ("online", "on the \x1b[2Jporch\n"))
        self.bob.run("status", "set", "unavailable")
        watch.wait_for(lambda o: o.get("presence") == "unavailable")
        self.assertEqual(watch.end(signal.SIGINT), 0)

    def test_sigterm_ends_with_0(self):
        watch = Lines(self.alice, "watch", "--json")
        watch.wait_for(lambda o: o["type"] == "presence")
        self.assertEqual(watch.end(signal.SIGTERM), 0)

    def test_in_a_pipe_each_change_is_a_line_without_escapes(self):
        self.befriend()
        watch = Lines(self.alice, "watch")
        self.bob.run("status", "set", "busy", "--text", "a \x1b[31mred\x1b[0m\nline")
        until(lambda: "bob (@bob:porch.test) is busy, active now: a red line\n" in watch.read(), watch.read)
        self.assertNotIn("\x1b", watch.read())

    def test_without_a_terminal_nobody_is_marked(self):
        watch = Lines(self.alice, "watch", "--json")
        watch.wait_for(lambda o: o["type"] == "presence")
        self.bob.run("list", "add", "alice")  # one round more
        watch.wait_for(lambda o: o["type"] == "asked")
        self.assertEqual(self.state_of_alice(), "offline")

    def test_a_reader_that_goes_away_ends_it(self):
        self.befriend()
        watch = Lines(self.alice, "watch", "--json")
        watch.wait_for(lambda o: o["type"] == "presence")
        watch.process.stdout.close()
        self.bob.run("status", "set", "busy")
        watch.process.wait(20)
        watch.process.stdout = open(os.devnull, "rb")

    def test_a_token_that_ends_is_one_sentence_and_1(self):
        watch = Lines(self.alice, "watch", "--json")
        watch.wait_for(lambda o: o["type"] == "presence")
        self.alice.run("logout")
        self.assertEqual(watch.process.wait(60), 1)
        error = watch.process.stderr.read().decode()
        self.assertIn("no longer knows this login; log in again", error)
        self.assertEqual(error.count("\n"), 1)

    # --- on a terminal ---

    def watch(self, *words, **size):
        return Terminal(self.alice, BINARY, "watch", *words, **size)

    def test_a_table_that_follows(self):
        self.befriend()
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.assertTrue(any(line.startswith("○ bob") for line in terminal.screen()), terminal.screen())
        self.bob.run("status", "set", "online", "--text", "on the porch")
        screen = terminal.wait_for("on the porch")
        row = next(line for line in screen if "@bob:porch.test" in line)
        self.assertRegex(row, r"^● bob +@bob:porch\.test +online +active now +on the porch$")
        self.bob.run("status", "set", "unavailable")
        screen = terminal.wait_for("◐ bob")
        own = next(i for i, line in enumerate(screen) if line.startswith("● alice"))
        self.assertGreater(next(i for i, line in enumerate(screen) if line.startswith("◐ bob")), own)

    def test_a_status_text_never_moves_the_cursor(self):
        self.befriend()
        self.bob.run("status", "set", "busy", "--text", "x\x1b[2J\x1b[5;5H\x1b]0;title\x07\r\n\x9b1A\x08y")
        terminal = self.watch()
        screen = terminal.wait_for("● bob")
        self.assertRegex(next(line for line in screen if "● bob" in line), r"x +y$")
        for forbidden in ("\x1b[2J", "\x1b[5;5H", "\x1b]0;", "\x07", "\x9b", "\x08"):
            self.assertNotIn(forbidden, terminal.read())

    def test_somebody_who_asks_has_a_line_until_they_are_answered(self):
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.bob.run("list", "add", "alice")
        terminal.wait_for("@bob:porch.test asks to see you")
        self.alice.run("list", "deny", "bob")
        terminal.type(" ")
        self.bob.run("list", "add", "@carol:porch.test")
        self.alice.run("status", "set", "online", "--text", "anything, so that the poll ends")
        until(lambda: "asks to see you" not in "\n".join(terminal.screen()), terminal.screen)

    def test_a_change_of_size_is_drawn(self):
        terminal = self.watch(columns=80)
        terminal.wait_for("you are online")
        self.assertIn("@alice:porch.test", "\n".join(terminal.screen()[1:]))
        terminal.resize(8, 40)
        until(lambda: len(terminal.screen()) == 8 and
              all(len(line) <= 40 for line in terminal.screen()), terminal.screen)
        self.assertNotIn("@alice:porch.test", "\n".join(terminal.screen()[1:]), "no column for ids")

    def test_q_ends_with_the_terminal_as_it_was(self):
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.assertFalse(terminal.echoes())
        terminal.type("q")
        code, text = terminal.wait()
        self.assertEqual(code, 0)
        self.assert_restored(text)

    def test_signals_end_it_with_the_terminal_as_it_was(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            with self.subTest(signal=number):
                terminal = self.watch()
                terminal.wait_for("you are online")
                terminal.signal(number)
                code, text = terminal.wait()
                self.assertEqual(code, 0)
                self.assert_restored(text)

    def test_ctrl_c_before_the_first_answer(self):
        self.server.stop()
        terminal = self.watch()
        terminal.wait_for("No connection since")
        terminal.type("\x03")
        code, text = terminal.wait()
        self.assertEqual(code, 0)
        self.assert_restored(text)

    def test_an_error_is_said_after_the_terminal_is_as_it_was(self):
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.alice.run("logout")
        code, text = terminal.wait()
        self.assertEqual(code, 1)
        self.assert_restored(text)
        self.assertIn("log in again", text[text.rindex(LEAVE):])

    def test_ctrl_z_and_back(self):
        terminal = Terminal(self.alice, "/bin/bash", "--norc", "-i")
        terminal.type(f"PS1='shell> '; {BINARY} watch\n")
        terminal.wait_for("you are online")
        terminal.type("\x1a")
        until(lambda: "Stopped" in terminal.read(), terminal.read)
        self.assert_restored(terminal.read())
        terminal.type("fg\n")
        until(lambda: terminal.read().count(ENTER) >= 2, terminal.read)
        terminal.wait_for("you are online")
        terminal.type("q")
        until(lambda: terminal.read().count(LEAVE) >= 2, terminal.read)
        terminal.type("exit\n")

    def test_one_is_online_while_it_runs_and_not_when_only_watching(self):
        terminal = self.watch("--only-watch")
        terminal.wait_for("only watching")
        self.assertEqual(self.state_of_alice(), "offline")
        terminal.type("q")
        terminal.wait()
        terminal = self.watch("--state", "free_for_chat")
        terminal.wait_for("you are free for chat")
        self.assertEqual(self.state_of_alice(), "free_for_chat")
        terminal.type("q")
        terminal.wait()
        until(lambda: self.state_of_alice() == "offline", "offline after the grace")

    def test_a_lost_connection_is_said_and_comes_back(self):
        self.befriend()
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.server.stop()
        screen = terminal.wait_for("No connection since")
        self.assertRegex(screen[0], r"^No connection since \d\d:\d\d:\d\d, (next try in \d+ s|trying now)$")
        self.assertTrue(any("○ bob" in line for line in screen), "what was known stays")
        self.server.start()
        terminal.wait_for("you are online")

    def test_no_color_and_a_dumb_terminal(self):
        self.alice.environment["NO_COLOR"] = "1"
        terminal = self.watch()
        terminal.wait_for("you are online")
        self.assertNotRegex(terminal.read(), r"\x1b\[[0-9;]*m(?<!\x1b\[0m)")
        self.alice.environment["TERM"] = "dumb"
        plain = self.watch()
        until(lambda: "is online" in plain.read(), plain.read)
        self.assertNotIn("\x1b", plain.read())

    def test_it_waits_without_work(self):
        self.befriend()
        terminal = self.watch()
        terminal.wait_for("you are online")
        ticks = os.sysconf("SC_CLK_TCK")

        def used():
            with open(f"/proc/{terminal.process}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / ticks
        before = used()
        # Bob's "active 3 s ago" ticks meanwhile; a loop that spins would use all of these seconds.
        drawn = terminal.read().count("\x1b[H")
        until(lambda: terminal.read().count("\x1b[H") >= drawn + 4, terminal.screen)
        self.assertLess(used() - before, 1)

    def test_in_the_background_of_a_shell_it_does_not_stop(self):
        # Reading the keyboard from the background would stop it with SIGTTIN.
        terminal = Terminal(self.alice, "/bin/bash", "--norc", "-i")
        terminal.type(f"{BINARY} watch --json > {self.alice.home}/out & echo st''arted\n")
        until(lambda: "started" in terminal.read(), terminal.read)
        out = os.path.join(self.alice.home, "out")
        until(lambda: os.path.exists(out) and os.path.getsize(out) > 0, "its first line")
        terminal.type("jobs -r; echo en''d\n")
        until(lambda: "\r\nend" in terminal.read(), terminal.read)
        self.assertIn("Running", terminal.read())
        terminal.type("kill %1; exit\n")


class Argument(unittest.TestCase):
    def test_the_idle_time_has_bounds(self):
        for wrong in ("0", "6", "x"):
            done = subprocess.run([BINARY, "watch", "--idle", wrong], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--idle", done.stderr)


if __name__ == "__main__":
    unittest.main()
