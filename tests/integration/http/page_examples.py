"""Runs the examples of a page of docs/ against the real server, in order, so that the page cannot
drift. A block of a page:

    ```example
    as NAME
    METHOD PATH
    {body, may be absent}
    --- STATUS
    {the response}
    ```

In the response "<number>" and "<string>" stand for any; an object with "...": "..." may hold more.
In the path <since> is the token NAME was given last, <room> the room that was made last, and <now+1h>, in the body
too, a time in an hour, in milliseconds since the epoch. PORCHLIGHT_BINARY names the server.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

DOCS = pathlib.Path(__file__).parents[3] / "docs"
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


class Examples(unittest.TestCase):
    """@alice:porch.test and @bob:porch.test are registered, and nothing else happened."""

    def setUp(self):
        self.data = tempfile.TemporaryDirectory(prefix="porchlight-page-")
        self.addCleanup(self.data.cleanup)
        command = [os.environ["PORCHLIGHT_BINARY"], "serve", "--data", self.data.name,
                   "--listen", "127.0.0.1:0", "--open-registration", "--server-name", "porch.test",
                   "--set", "accounts.argon2_ops=1", "--set", "accounts.argon2_memory=8KiB"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.stop)
        self.base = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", self.process.stdout.readline()).group(1)
        self.tokens, self.since, self.room = {}, {}, ""
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
        url = self.base + urllib.parse.quote(path, safe="/?&=@:!%~")
        request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
        if who:
            request.add_header("Authorization", "Bearer " + self.tokens[who])
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def filled(self, who, text):
        for mark, value in (("<since>", self.since.get(who, "")), ("<room>", self.room),
                            ("<now+1h>", str(int(time.time() * 1000) + 3_600_000))):
            text = text.replace(mark, value)
        return text

    def run_page(self, name, examples_min):
        text = (DOCS / name).read_text()
        blocks = BLOCK.findall(text)
        self.assertEqual(len(blocks), text.count("```example"), "a block is not in the form")
        self.assertGreaterEqual(len(blocks), examples_min)
        for who, method, path, body, status, expected in blocks:
            example = f"{method} {path} as {who}"
            got_status, got = self.ask(who if who != "nobody" else None, method, self.filled(who, path),
                                       self.filled(who, body.strip()))
            self.assertEqual(got_status, int(status), f"{example}: {got}")
            self.assertIsNone(difference(json.loads(self.filled(who, expected)), got), example)
            token = got.get("next_batch", got.get("end")) if isinstance(got, dict) else None
            if token:
                self.since[who] = token
            if isinstance(got, dict) and path.endswith("/createRoom"):
                self.room = got["room_id"]
