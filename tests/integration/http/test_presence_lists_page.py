#!/usr/bin/env python3
"""The examples of docs/presence-lists.md against the real server, and what an administrator reads of lists."""
import json
import os
import subprocess
import unittest

from page_examples import Examples, difference


class PresenceListsPage(Examples):
    def test_every_example_of_the_page(self):
        self.run_page("presence-lists.md", 20)

    def call(self, who, method, path, body):
        status, answer = self.ask(who, method, "/_matrix/client/" + path, json.dumps(body))
        self.assertEqual((status, answer), (200, {}), path)

    def administrator(self, *words):
        return subprocess.run(
            [os.environ["PORCHLIGHT_BINARY"], "user", *words, "--data", self.data.name, "--server-name", "porch.test"],
            capture_output=True, text=True)

    def test_the_administrator_reads_all_that_is_kept_of_a_user(self):
        own = "unstable/io.porchlight/presence/"
        self.call("alice", "POST", "v3/presence/list/@alice:porch.test",
                  {"invite": ["@bob:porch.test", "@nobody:porch.test"]})
        self.call("bob", "POST", "v3/presence/list/@bob:porch.test", {"invite": ["@alice:porch.test"]})
        self.call("alice", "POST", own + "invites/@alice:porch.test", {
            "accept": ["@carol:porch.test"], "deny": ["@dan:porch.test"], "block": ["@eve:elsewhere.test"]})
        self.call("bob", "POST", own + "invites/@bob:porch.test", {"accept": ["@alice:porch.test"]})
        self.call("alice", "PUT", own + "policy/@alice:porch.test", {"auto_accept": "contacts"})
        self.assertIn("in use", self.administrator("list", "alice").stderr, "the server runs")
        self.process.terminate()
        self.process.wait()

        exported = self.administrator("export-list", "@alice:porch.test")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        self.assertIsNone(difference({
            "user_id": "@alice:porch.test", "policy": {"visibility": "everyone", "auto_accept": "contacts"},
            "list": [{"user_id": "@bob:porch.test", "accepted": True, "invited_ts": "<number>"},
                     {"user_id": "@nobody:porch.test", "accepted": False, "invited_ts": "<number>"}],
            "incoming": [{"user_id": "@bob:porch.test", "invited_ts": "<number>"}],
            "outgoing": [{"user_id": "@nobody:porch.test", "invited_ts": "<number>"}],
            "observers": [], "preapproved": ["@carol:porch.test"], "denied": ["@dan:porch.test"],
            "blocked": ["@eve:elsewhere.test"]}, json.loads(exported.stdout)))
        shown = self.administrator("list", "bob")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual([line.split()[:3] for line in shown.stdout.splitlines()], [
            ["@bob:porch.test:", "visibility", "everyone,"], ["asked", "@alice:porch.test", shown.stdout.split()[7]],
            ["seen", "by", "@alice:porch.test"]])
        unknown = self.administrator("list", "carol")
        self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
        self.assertIn("@carol:porch.test", unknown.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
