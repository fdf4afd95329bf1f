"""Tokens and passwords are nowhere but with their owner: not in the log, not in the database."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import json

BINARY = os.environ["PORCHLIGHT_BINARY"]


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.server = subprocess.Popen(
            [BINARY, "serve", "--data", self.folder.name, "--listen", "127.0.0.1:0", "--open-registration",
             "--server-name", "porch.test", "--set", "accounts.argon2_ops=1",
             "--set", "accounts.argon2_memory=8KiB", "--set", "log.level=debug"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.server.stdout:
            ready = re.match(r"ready (\S+)$", line)
            if ready:
                self.url = ready[1]
                break
        else:
            self.fail(self.server.stderr.read())

    def tearDown(self):
        if self.server.poll() is None:
            self.server.kill()
            self.server.communicate()
        self.folder.cleanup()

    def ask(self, method, path, body=None, token=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as e:
            return e.code, json.load(e)

    def test_no_token_password_or_text_reaches_the_log_or_the_disk_in_clear(self):
        status, alice = self.ask("POST", "/_matrix/client/v3/register", {
            "username": "alice", "password": "correct-horse-battery", "refresh_token": True,
            "auth": {"type": "m.login.dummy"}})
        self.assertEqual(status, 200, alice)
        access, refresh = alice["access_token"], alice["refresh_token"]
        self.assertEqual(self.ask("GET", f"/_matrix/client/v3/sync?access_token={access}")[0], 200)
        self.assertEqual(self.ask("GET", "/_matrix/client/v3/sync?access_token=plt_unknown-token")[0], 401)
        self.assertEqual(self.ask("POST", "/_matrix/client/v3/login", {
            "type": "m.login.password", "user": "alice", "password": "wrong-secret-guess"})[0], 403)
        self.assertEqual(self.ask("POST", "/_matrix/client/v3/refresh", {"refresh_token": "plr_wrong-refresh"})[0], 401)
        self.assertEqual(self.ask("PUT", "/_matrix/client/v3/presence/%40alice%3Aporch.test/status", {
            "presence": "online", "status_msg": "a very private thought"}, access)[0], 200)
        status, fresh = self.ask("POST", "/_matrix/client/v3/refresh", {"refresh_token": refresh})
        self.assertEqual(status, 200, fresh)
        self.server.terminate()
        log = "".join(self.server.communicate())
        self.assertIn("listening", log)
        disk = b"".join(p.read_bytes() for p in pathlib.Path(self.folder.name).rglob("*") if p.is_file())
        self.assertIn(b"a very private thought", disk)
        for secret in (access, refresh, fresh["access_token"], fresh["refresh_token"],
                       "correct-horse-battery", "wrong-secret-guess", "plt_unknown-token",
                       "plr_wrong-refresh"):
            self.assertNotIn(secret, log)
            self.assertNotIn(secret.encode(), disk)
        self.assertNotIn("a very private thought", log)
        hashes = re.findall(rb"\$argon2id\$v=19\$m=\d+,t=\d+,p=1\$", disk)
        self.assertTrue(hashes, "passwords are kept as Argon2id hashes")


if __name__ == "__main__":
    unittest.main()
