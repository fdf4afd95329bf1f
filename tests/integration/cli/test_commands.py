#!/usr/bin/env python3
"""The commands of a person against the real server. PORCHLIGHT_BINARY names it."""
import json
import os
import stat
import unittest

from program import BINARY, Person, Server, Terminal, until


class Commands(unittest.TestCase):
    def setUp(self):
        self.server = Server(self)
        self.alice, self.bob = Person(self, "alice"), Person(self, "bob")
        self.alice.log_in(self.server)
        self.bob.log_in(self.server)

    def test_a_login_is_a_file_for_its_owner_alone(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.alice.file).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.alice.file)).st_mode), 0o700)
        with open(self.alice.file) as file:
            kept = json.load(file)
        self.assertEqual(sorted(kept), ["access_token", "device_id", "homeserver", "user_id"])
        self.assertEqual(json.loads(self.alice.run("whoami", "--json")), {
            "user_id": "@alice:porch.test", "device_id": kept["device_id"], "homeserver": self.server.url})
        os.chmod(self.alice.file, 0o644)
        self.assertIn("chmod 600", self.alice.run("whoami", code=1))

    def test_a_login_again_is_the_same_device_and_a_logout_ends_it(self):
        before = json.loads(self.alice.run("whoami", "--json"))
        self.alice.run("login", given="secret-alice\n")
        self.assertEqual(json.loads(self.alice.run("whoami", "--json")), before)
        copy = self.alice.file + ".copy"
        with open(self.alice.file) as old, open(os.open(copy, os.O_CREAT | os.O_WRONLY, 0o600), "w") as new:
            new.write(old.read())
        self.assertIn("logged out @alice:porch.test", self.alice.run("logout"))
        self.assertFalse(os.path.exists(self.alice.file))
        self.assertIn("no longer knows this login; log in again",
                      self.alice.run("whoami", "--credentials", copy, code=1))

    def test_a_wrong_password_is_the_servers_sentence_and_keeps_the_old_login(self):
        error = self.alice.run("login", given="wrong\n", code=1)
        self.assertIn("M_FORBIDDEN", error)
        self.alice.run("whoami")

    def test_a_logout_without_the_server_keeps_the_file_unless_it_is_to_be_forgotten(self):
        self.server.stop()
        self.assertIn("--forget", self.alice.run("logout", code=1))
        self.assertTrue(os.path.exists(self.alice.file))
        self.alice.run("logout", "--forget")
        self.assertFalse(os.path.exists(self.alice.file))

    def test_a_password_is_asked_on_a_terminal_without_echo(self):
        carol = Person(self, "carol")
        self.server.register("carol")
        terminal = Terminal(carol, BINARY, "login", self.server.url, "--user", "carol")
        terminal.wait_for("Password of carol")
        self.assertFalse(terminal.echoes())
        terminal.type("secret-carol\n")
        code, text = terminal.wait()
        self.assertEqual(code, 0, text)
        self.assertNotIn("secret-carol", text)
        self.assertIn("logged in as @carol:porch.test", text)

    def test_ctrl_c_at_the_password_leaves_the_terminal_with_its_echo(self):
        terminal = Terminal(self.alice, "/bin/sh", "-c", f"{BINARY} login; stty -a; echo over")
        terminal.wait_for("Password of")
        terminal.type("\x03")
        code, text = terminal.wait()
        # The shell ends with its child; what counts is the state of the terminal.
        self.assertTrue(terminal.echoes(), (code, text))

    def test_a_status_is_said_seen_and_cleared(self):
        run = self.alice.run
        self.assertEqual(run("status", "set", "busy", "--text", "in a meeting"),
                         "@alice:porch.test: busy, active now: in a meeting\n")
        run("status", "set", "--text", "lunch", "--expires", "2h")
        got = json.loads(run("status", "get", "--json"))
        self.assertEqual((got["presence"], got["status_msg"]), ("busy", "lunch"), "a text changes no state")
        run("status", "clear")
        got = json.loads(run("status", "get", "alice", "--json"))
        self.assertEqual((got["presence"], got.get("status_msg")), ("busy", None))
        run("status", "set", "--text", "")  # the same
        self.assertIn("not see them", run("status", "get", "bob", "@nobody:porch.test", code=1))

    def test_a_text_that_expires_is_told_the_server_as_a_time(self):
        # An hour is too long to wait; a second is not, and the server clears it by itself.
        self.alice.run("status", "set", "online", "--text", "gone soon", "--expires", "1s")
        until(lambda: "gone soon" not in self.alice.run("status", "get"), "the text goes by itself")

    def test_hidden_ends_with_unhide_from_another_login(self):
        run = self.alice.run
        other = os.path.join(self.alice.home, "other.json")
        run("login", "@alice:porch.test", "--server", self.server.url, "--credentials", other, given="secret-alice\n")
        run("status", "set", "hidden", "--credentials", other)
        self.assertIn(": hidden", run("status", "set", "online"), "another device does not end it")
        self.assertIn(": hidden", run("status", "set", "--text", "still hidden"))
        self.assertIn(": online", run("status", "set", "--unhide"))

    def test_a_list_with_consent(self):
        alice, bob = self.alice.run, self.bob.run
        self.assertIn("nobody is on your list", alice("list"))
        alice("list", "add", "bob", "@nobody:porch.test", "bob")
        self.assertEqual([line.split()[:2] for line in alice("list").splitlines()],
                         [["@bob:porch.test", "asked"], ["@nobody:porch.test", "asked"]])
        self.assertIn("@alice:porch.test", bob("list", "invites"))
        self.assertEqual(json.loads(bob("list", "accept", "alice", "--json")), {"accept": ["@alice:porch.test"]})
        bob("status", "set", "unavailable", "--text", "lunch")
        rows = [json.loads(line) for line in alice("list", "--json").splitlines()]
        self.assertEqual([(r["user_id"], r["accepted"], r["presence"]) for r in rows],
                         [("@bob:porch.test", True, "unavailable"), ("@nobody:porch.test", False, "offline")])
        self.assertIn("sees you", bob("list", "invites"))
        bob("list", "block", "alice")
        self.assertIn("offline", alice("status", "get", "bob"))
        bob("list", "unblock", "alice")
        self.assertIn("unavailable", alice("status", "get", "bob"))
        bob("list", "revoke", "alice")
        alice("status", "get", "bob", code=1)
        bob("list", "deny", "alice")
        alice("list", "drop", "bob", "@nobody:porch.test")
        self.assertIn("nobody is on your list", alice("list"))
        self.assertEqual(json.loads(bob("list", "invites", "--json"))["denied"], ["@alice:porch.test"])

    def test_the_policy_changes_only_what_is_named(self):
        self.assertEqual(json.loads(self.alice.run("list", "policy", "--visibility", "lists_only", "--json")),
                         {"visibility": "lists_only", "auto_accept": "never"})
        self.alice.run("list", "policy", "--auto-accept", "contacts")
        self.assertEqual(json.loads(self.alice.run("list", "policy", "--json")),
                         {"visibility": "lists_only", "auto_accept": "contacts"})

    def test_mistakes_end_with_1_and_a_sentence(self):
        self.assertIn("yourself", self.alice.run("list", "add", "alice", code=1))
        self.assertIn("no user id", self.alice.run("list", "add", "bob:x", code=1))
        self.assertIn("lists_only", self.alice.run("list", "policy", "--visibility", "friends", code=1))
        self.assertIn("--text", self.alice.run("status", "set", "--text", "", "--expires", "2h", code=1))
        self.assertIn("free_for_chat", self.alice.run("status", "set", "drunk", code=1))
        self.server.stop()
        self.assertIn("no answer from " + self.server.url, self.alice.run("whoami", code=1))


if __name__ == "__main__":
    unittest.main()
