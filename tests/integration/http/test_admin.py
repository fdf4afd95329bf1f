#!/usr/bin/env python3
"""The admin API of the real server: the token in its file, a listener of its own, a session that is ended, and the
examples of docs/admin-api.md, in order, so that the page cannot drift. They look like those of
docs/presence-lists.md; "<list>" stands for any, <device> is the id of Alice's device. PORCHLIGHT_BINARY names the server.
"""
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from test_presence_lists_page import BLOCK, difference

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "admin-api.md"
BINARY = os.environ["PORCHLIGHT_BINARY"]
ADMIN = "/_porchlight/admin/v1/"


class Server:
    """The real binary, its data in `folder`."""

    def __init__(self, folder, *keys):
        command = [BINARY, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--open-registration",
                   "--server-name", "porch.test", "--set", "accounts.argon2_ops=1",
                   "--set", "accounts.argon2_memory=8KiB", "--set", "log.format=json"]
        for key in keys:
            command += ["--set", key]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready = next((m for line in self.process.stdout if (m := re.match(r"ready (\S+)$", line))), None)
        self.url = ready and ready[1]

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.log.close()


def ask(url, method, path, token=None, body=None):
    request = urllib.request.Request(url + path, method=method,
                                     data=None if body is None else json.dumps(body).encode())
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as e:
        return e.code, json.load(e), e.headers


class Admin(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-admin-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.token_file = pathlib.Path(self.folder) / "admin_token"

    def start(self, *keys):
        server = Server(self.folder, *keys)
        self.addCleanup(server.stop)
        self.assertIsNotNone(server.url, server.said)
        return server

    def token(self):
        return self.token_file.read_text().strip()

    def register(self, server, name):
        status, made, _ = ask(server.url, "POST", "/_matrix/client/v3/register", body={
            "username": name, "password": "wonderland", "auth": {"type": "m.login.dummy"}})
        self.assertEqual(status, 200, made)
        return made

    def test_the_token_is_made_once_for_the_owner_alone_and_never_logged(self):
        server = self.start()
        mode = stat.S_IMODE(self.token_file.stat().st_mode)
        self.assertEqual(mode, 0o600, oct(mode))
        token = self.token()
        self.assertRegex(token, r"^[A-Za-z]{45}$")
        self.assertEqual(ask(server.url, "GET", ADMIN + "overview", token)[0], 200)
        self.assertEqual(ask(server.url, "GET", ADMIN + "overview", token[:-1])[0], 403)
        self.assertIn("a wrong admin token", server.said())
        self.assertNotIn(token[:-1], server.said())
        server.stop = lambda: None
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=20)
        again = self.start()
        self.assertEqual(self.token(), token)
        self.assertEqual(ask(again.url, "GET", ADMIN + "overview", token)[0], 200)

    def test_a_file_that_others_may_read_or_that_holds_no_token_is_refused(self):
        self.token_file.write_text("x" * 40 + "\n")
        for mode, contents, said in ((0o640, "x" * 40, "others than its owner may read it"),
                                     (0o600, "short", "32 to 255 visible ASCII characters")):
            self.token_file.write_text(contents + "\n")
            self.token_file.chmod(mode)
            done = subprocess.run([BINARY, "serve", "--data", self.folder, "--listen", "127.0.0.1:0"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("admin.token_file", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertNotIn(contents, done.stderr)

    def test_the_token_file_may_lie_elsewhere(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            path = pathlib.Path(elsewhere) / "token"
            path.write_text("t" * 32 + "\n")
            path.chmod(0o600)
            server = self.start(f"admin.token_file={path}")
            self.assertEqual(ask(server.url, "GET", ADMIN + "overview", "t" * 32)[0], 200)
            self.assertFalse(self.token_file.exists())

    def test_a_listener_of_its_own_has_the_api_and_the_public_one_has_not(self):
        server = self.start("admin.listen=127.0.0.1:0")
        lines = [json.loads(line) for line in server.said().splitlines() if line.startswith("{")]
        port = next(line["port"] for line in lines if line.get("for") == "admin")
        own = f"http://127.0.0.1:{port}"
        self.assertEqual(ask(own, "GET", ADMIN + "overview", self.token())[0], 200)
        self.assertEqual(ask(server.url, "GET", ADMIN + "overview", self.token())[0], 404)
        self.assertEqual(ask(own, "GET", "/_matrix/client/versions")[0], 404)
        self.assertEqual(ask(own, "GET", "/health")[0], 404)
        self.assertEqual(ask(server.url, "GET", "/_matrix/client/versions")[0], 200)

    def test_switched_off_there_is_no_api_and_no_token(self):
        server = self.start("admin.enabled=false")
        self.assertEqual(ask(server.url, "GET", ADMIN + "overview", "x" * 45)[0], 404)
        self.assertFalse(self.token_file.exists())

    def test_pages_of_elsewhere_cannot_read_answers(self):
        server = self.start()
        _, _, headers = ask(server.url, "GET", ADMIN + "overview", self.token())
        self.assertIsNone(headers["Access-Control-Allow-Origin"])
        self.assertEqual(headers["Cache-Control"], "no-store")
        _, _, headers = ask(server.url, "GET", "/_matrix/client/versions")
        self.assertEqual(headers["Access-Control-Allow-Origin"], "*")

    def test_an_ended_session_is_logged_out_and_its_observer_told_at_once(self):
        # The grace is an hour: whoever is offline within seconds is so because the session ended.
        server = self.start("presence.offline_grace=1h")
        alice, bob = self.register(server, "alice"), self.register(server, "bob")
        client = "/_matrix/client/v3"
        _, room, _ = ask(server.url, "POST", client + "/createRoom", alice["access_token"], {"preset": "public_chat"})
        self.assertEqual(ask(server.url, "POST", f"{client}/join/{room['room_id']}", bob["access_token"], {})[0], 200)
        self.assertEqual(ask(server.url, "GET", client + "/sync", alice["access_token"])[0], 200)

        def seen(since=None):
            query = {"set_presence": "offline", "timeout": "20000" if since else "0"}
            query.update({"since": since} if since else {})
            status, got, _ = ask(server.url, "GET", f"{client}/sync?{urllib.parse.urlencode(query)}", bob["access_token"])
            self.assertEqual(status, 200)
            states = {e["sender"]: e["content"]["presence"] for e in got.get("presence", {}).get("events", [])}
            return states.get("@alice:porch.test"), got["next_batch"]

        state, since = seen()
        self.assertEqual(state, "online")
        told = []

        def wait_for_offline():
            nonlocal since
            deadline = time.monotonic() + 30
            while not told and time.monotonic() < deadline:
                state, since = seen(since)
                if state:
                    told.append(state)

        observer = threading.Thread(target=wait_for_offline)
        observer.start()
        path = f"{ADMIN}users/@alice:porch.test/devices/{alice['device_id']}"
        self.assertEqual(ask(server.url, "DELETE", path, self.token())[:2], (200, {}))
        observer.join()
        self.assertEqual(told, ["offline"])
        status, refused, _ = ask(server.url, "GET", client + "/account/whoami", alice["access_token"])
        self.assertEqual((status, refused["errcode"]), (401, "M_UNKNOWN_TOKEN"))
        self.assertEqual(ask(server.url, "GET", client + "/account/whoami", bob["access_token"])[0], 200)
        self.assertEqual(ask(server.url, "DELETE", path, self.token())[0], 404)

    def test_the_examples_of_the_page(self):
        server = self.start()
        alice = self.register(server, "alice")
        self.register(server, "bob")
        tokens = {"admin": self.token(), "alice": alice["access_token"]}
        blocks = BLOCK.findall(PAGE.read_text())
        self.assertGreater(len(blocks), 7)
        for who, method, path, body, status, expected in blocks:
            path = path.replace("<device>", alice["device_id"])
            body = json.loads(body) if body.strip() else None
            got_status, got, _ = ask(server.url, method, path, tokens[who], body)
            with self.subTest(example=f"{method} {path}"):
                self.assertEqual(got_status, int(status), got)
                wanted = json.loads(expected.replace("<device>", alice["device_id"]))
                self.assertIsNone(difference(wanted, numbers(wanted, got)))


def numbers(wanted, got):
    """`got` with what the page calls a list as that word, and whole numbers of seconds as numbers."""
    if wanted == "<list>" and isinstance(got, list):
        return "<list>"
    if wanted == "<number>" and isinstance(got, float):
        return int(got)
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {key: numbers(wanted.get(key), value) for key, value in got.items()}
    return got


if __name__ == "__main__":
    unittest.main()
