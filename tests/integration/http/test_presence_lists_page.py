#!/usr/bin/env python3
"""Runs the examples of docs/presence-lists.md against the real server, in order, so that the page
cannot drift. A block of the page:

    ```example
    as NAME
    METHOD PATH
    {body, may be absent}
    --- STATUS
    {the response}
    ```

In the response "<number>" and "<string>" stand for any; an object with "...": "..." may hold more.
In the path <since> is the token NAME was given last. PORCHLIGHT_BINARY names the server.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "presence-lists.md"
BLOCK = re.compile(r"^```example\nas (\w+)\n(\w+) (\S+)\n(.*?)--- (\d+)\n(.*?)\n```$", re.M | re.S)


def difference(expected, got, where="response"):
    """What is wrong with `got`; None: nothing."""
    if expected == "<number>":
        return None if isinstance(got, int) and not isinstance(got, bool) else f"{where}: {got!r}"
    if expected == "<string>":
        return None if isinstance(got, str) else f"{where}: {got!r}"
    if type(expected) is not type(got):
        return f"{where}: {got!r}, not {expected!r}"
    if isinstance(expected, dict):
        named = {k for k in expected if k != "..."}
        if named - set(got) or ("..." not in expected and set(got) - named):
            return f"{where}: keys {sorted(got)}, not {sorted(named)}"
        return next((d for k in sorted(named)
                     if (d := difference(expected[k], got[k], f"{where}.{k}"))), None)
    if isinstance(expected, list):
        if len(expected) != len(got):
            return f"{where}: {len(got)} elements, not {len(expected)}: {got!r}"
        return next((d for i, e in enumerate(expected)
                     if (d := difference(e, got[i], f"{where}[{i}]"))), None)
    return None if expected == got else f"{where}: {got!r}, not {expected!r}"


class PresenceListsPage(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.TemporaryDirectory(prefix="porchlight-page-")
        self.addCleanup(self.data.cleanup)
        command = [os.environ["PORCHLIGHT_BINARY"], "serve", "--data", self.data.name,
                   "--listen", "127.0.0.1:0", "--open-registration", "--server-name", "porch.test",
                   "--set", "accounts.argon2_ops=1", "--set", "accounts.argon2_memory=8KiB"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.stop)
        self.base = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", self.process.stdout.readline()).group(1)
        self.tokens, self.since = {}, {}
        for name in ("alice", "bob"):
            status, answer = self.ask(None, "POST", "/_matrix/client/v3/register", json.dumps({
                "username": name, "password": "secret-" + name, "auth": {"type": "m.login.dummy"}}))
            self.assertEqual(status, 200)
            self.tokens[name] = answer["access_token"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, who, method, path, body):
        request = urllib.request.Request(self.base + path, data=body.encode() if body else None, method=method)
        if who:
            request.add_header("Authorization", "Bearer " + self.tokens[who])
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_every_example_of_the_page(self):
        text = PAGE.read_text()
        blocks = BLOCK.findall(text)
        self.assertEqual(len(blocks), text.count("```example"), "a block is not in the form")
        self.assertGreater(len(blocks), 20)
        for who, method, path, body, status, expected in blocks:
            example = f"{method} {path} as {who}"
            got_status, got = self.ask(who, method, path.replace("<since>", self.since.get(who, "")), body.strip())
            self.assertEqual(got_status, int(status), f"{example}: {got}")
            self.assertIsNone(difference(json.loads(expected), got), example)
            token = got.get("next_batch", got.get("end")) if isinstance(got, dict) else None
            if token:
                self.since[who] = token

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

    def test_a_wrong_page_is_noticed(self):
        for expected, got in (({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 1, "b": 2}), ([1], []), ({}, []),
                              ({"a": "<number>"}, {"a": "1"}), ({"a": {"...": "...", "b": 1}}, {"a": {"c": 1}}),
                              (True, 1), ({"a": "<string>"}, {"a": None})):
            self.assertIsNotNone(difference(expected, got), (expected, got))
        self.assertIsNone(difference({"a": "<number>", "...": "..."}, {"a": 5, "b": 1}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
