"""The snippets of packaging/proxies with the real nginx, Caddy and HAProxy in front of the real server."""
import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "operating"), str(HERE.parent / "federation")]

from authority import make_authority, make_certificate  # noqa: E402
from proxy_processes import Caddy, Haproxy, Nginx, seconds_of  # noqa: E402
from real_server import PATIENCE, Server, ask_over, porchlight, until  # noqa: E402

CLIENT = "/_matrix/client/v3"
LONG = 60_000  # what a client may wait, in ms: whoever is answered sooner was woken
DEVICES, STREAMS_OF_A_DEVICE = 40, 8
UPLOAD_MAX = 20 * 1024 * 1024


class Poll(threading.Thread):
    """A client that polls over one HTTP/1.1 connection until somebody has the text; then `seen`."""

    def __init__(self, proxy, token, since, text=None):
        super().__init__(daemon=True)
        self.seen = False
        self.socket = proxy.connect()
        self.token, self.since, self.text = token, since, text

    def run(self):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self.socket
        try:
            while not self.seen:
                path = "%s/sync?timeout=%d&since=%s" % (CLIENT, LONG, self.since)
                answer = ask_over(connection, "GET", path, token=self.token)[1]
                self.since = answer["next_batch"]
                self.seen = self.text in [e["content"].get("status_msg", "") for e in answer["presence"]["events"]]
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            pass  # its socket was taken away


class Behind:
    """What must hold behind each of them."""

    proxy_class = None
    # The answer to a body that is still on its way may lose its end; its status never.
    cuts_early_answers = False

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="porchlight-proxies-")
        folder = pathlib.Path(cls.folder.name)
        cls.ca = make_authority(folder)
        certificate, key = make_certificate(folder, cls.ca, "proxy")
        cls.server = Server(folder / "data", 'server.trusted_proxies=["127.0.0.1"]', "presence.offline_grace=500ms",
                            # No event but those of the tests, however slow the machine is.
                            "presence.active_window=1h",
                            "server.public_base_url=https://porch.test",
                            "federation.well_known_server=porch.test:443")
        cls.proxy = None
        try:
            cls.proxy = cls.proxy_class(folder, cls.server.port, certificate, key)
            cls.alice, cls.bob = cls.server.register("alice"), cls.server.register("bob")
            room = cls.server.ask("POST", CLIENT + "/createRoom", {"preset": "public_chat"}, cls.alice)[1]["room_id"]
            cls.server.ask("POST", CLIENT + "/join/" + room, {}, cls.bob)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if cls.proxy is not None:
            cls.proxy.stop()
        cls.server.stop()
        cls.folder.cleanup()

    def ask(self, method, path, body=None, token=None, headers=(), source="127.0.0.1"):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self.proxy.connect(source)
        try:
            return ask_over(connection, method, path, body, token, headers)
        finally:
            connection.close()

    def curl(self, *arguments, port=None):
        return ["curl", "-sS", "--cacert", str(self.ca), "--max-time", str(PATIENCE), *arguments[:-1],
                "https://localhost:%d%s" % (port or self.proxy.port, arguments[-1])]

    def curled(self, *arguments, port=None):
        done = subprocess.run(self.curl(*arguments, port=port), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def metric(self, name):
        text = self.server.ask("GET", "/metrics")[1].decode()
        return float(re.search(r"(?m)^%s (\S+)$" % name, text).group(1))

    def since(self, token):
        return self.ask("GET", CLIENT + "/sync?timeout=0&set_presence=offline", token=token)[1]["next_batch"]

    def waiting(self):
        return int(self.metric("porchlight_waiters"))

    def say(self, text):
        path = CLIENT + "/presence/@bob:porch.test/status"
        self.assertEqual(self.ask("PUT", path, {"presence": "online", "status_msg": text}, self.bob)[0], 200)

    def settle(self):
        """Nothing of another test is on its way."""
        until(lambda: self.waiting() == 0, "the last poll to end")

    def test_a_poll_that_waits_is_answered_by_a_change(self):
        self.settle()
        poll = Poll(self.proxy, self.alice, self.since(self.alice), "on the porch")
        poll.start()
        until(lambda: self.waiting() == 1, "the poll to wait")
        self.say("on the porch")
        poll.join(PATIENCE)
        self.assertTrue(poll.seen, "not answered within half of its time")

    def test_a_poll_that_waits_over_http_2_too(self):
        self.settle()
        since = self.since(self.alice)
        process = subprocess.Popen(self.curl("--http2", "-H", "Authorization: Bearer " + self.alice,
                                             "-w", "\n%{http_version}", "%s/sync?timeout=%d&set_presence=offline&since=%s"
                                             % (CLIENT, LONG, since)),
                                   stdout=subprocess.PIPE, text=True)
        until(lambda: self.waiting() == 1, "the poll to wait")
        self.say("by HTTP/2")
        out, _ = process.communicate(timeout=PATIENCE)
        body, version = out.rsplit("\n", 1)
        self.assertEqual(version, "2")
        self.assertIn("by HTTP/2", body)

    def log_in(self):
        """Another device of Alice."""
        status, answer = self.ask("POST", CLIENT + "/login", {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": "alice"},
            "password": "alice-secret"})
        self.assertEqual(status, 200, answer)
        return answer["access_token"]

    def test_many_that_wait_are_all_answered(self):
        self.settle()
        # Her own going offline would answer those that wait already.
        path = CLIENT + "/presence/@alice:porch.test/status"
        until(lambda: self.ask("GET", path, token=self.bob)[1]["presence"] == "offline", "Alice's grace to end")
        waiting = []
        for token in [self.log_in() for _ in range(DEVICES)]:
            path = "%s/sync?timeout=%d&set_presence=offline&since=%s" % (CLIENT, LONG, self.since(token))
            for _ in range(STREAMS_OF_A_DEVICE):
                waiting.append(self.proxy.connect())
                self.addCleanup(waiting[-1].close)
                waiting[-1].sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
                                     % (path, token)).encode())
        until(lambda: self.waiting() == len(waiting), "all of them to wait")
        self.say("to everybody")
        for one in waiting:
            text = b""
            while b"to everybody" not in text:
                more = one.recv(65536)
                self.assertTrue(more, text)
                text += more

    def test_a_client_that_is_gone_is_gone(self):
        self.settle()
        poll = Poll(self.proxy, self.alice, self.since(self.alice))
        poll.start()
        until(lambda: self.waiting() == 1, "the poll to wait")
        path = CLIENT + "/presence/@alice:porch.test/status"
        until(lambda: self.ask("GET", path, token=self.bob)[1]["presence"] == "online", "Alice to be seen")
        poll.socket.shutdown(2)
        poll.socket.close()
        until(lambda: self.waiting() == 0, "the proxy to end the poll")
        until(lambda: self.ask("GET", path, token=self.bob)[1]["presence"] == "offline", "the grace to end")

    def log_in_wrongly(self, number, source, headers=()):
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "nobody%d" % number},
                "password": "wrong"}
        return self.ask("POST", CLIENT + "/login", body, headers=headers, source=source)[0]

    def test_addresses_are_the_clients_own(self):
        for number in range(200):
            # Whatever a client claims to be, it is counted as who it is.
            status = self.log_in_wrongly(number, "127.0.0.2", {"X-Forwarded-For": "198.51.100.%d" % (number % 250)})
            if status == 429:
                break
            self.assertEqual(status, 403)
        self.assertEqual(status, 429, "one address may try for ever")
        self.assertEqual(self.log_in_wrongly(1000, "127.0.0.3"), 403, "another one is not to blame")

    def upload(self, size):
        file = pathlib.Path(self.folder.name, "upload")
        with open(file, "wb") as f:
            f.truncate(size)
        done = subprocess.run(
            self.curl("-H", "Authorization: Bearer " + self.alice, "-H", "Content-Type: application/octet-stream",
                      "-H", "Expect:", "--data-binary", "@" + str(file), "-w", "\n%{http_code}",
                      "/_matrix/media/v3/upload?filename=a.bin"), capture_output=True, text=True)
        was_cut = done.returncode == 18
        self.assertTrue(done.returncode == 0 or was_cut and self.cuts_early_answers, done.stderr)
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), body, was_cut

    def test_uploads_up_to_the_limit(self):
        status, body, was_cut = self.upload(UPLOAD_MAX)
        self.assertFalse(was_cut)
        self.assertEqual(status, 200, body)
        path = "/_matrix/client/v1/media/download/" + json.loads(body)["content_uri"][len("mxc://"):]
        status, content = self.ask("GET", path, token=self.alice)
        self.assertEqual((status, len(content)), (200, UPLOAD_MAX))

    def test_what_is_too_large_is_told_by_the_server_itself(self):
        status, body, was_cut = self.upload(UPLOAD_MAX + 1)
        self.assertEqual(status, 413)
        if not was_cut:
            self.assertEqual(json.loads(body)["errcode"], "M_TOO_LARGE")

    def test_what_is_found_where(self):
        for path, part in (("/.well-known/matrix/client", "https://porch.test"),
                           ("/.well-known/matrix/server", "porch.test:443"),
                           (CLIENT.replace("/v3", "/versions"), "v1.11"), ("/health", "store")):
            said = self.curled("--http2", "-w", "\n%{http_version} %{http_code}", path)
            self.assertIn(part, said)
            self.assertTrue(said.endswith("\n2 200"), said)
        self.assertIn("verify_keys", self.curled("/_matrix/key/v2/server", port=self.proxy.federation_port))
        self.assertEqual(self.ask("GET", "/metrics")[0], 404, "not for everybody")

    def test_an_encoded_path_arrives_as_it_was_sent(self):
        """nginx and others like to decode; %2F in a room alias must not become a slash."""
        path = CLIENT + "/directory/room/%23a%2Fb%3Aporch.test"
        status, made = self.ask("PUT", path, {"room_id": "!nothing:porch.test"}, self.alice)
        self.assertEqual((status, made), self.server.ask("PUT", path, {"room_id": "!nothing:porch.test"}, self.alice))


class BehindNginx(Behind, unittest.TestCase):
    proxy_class = Nginx


class BehindCaddy(Behind, unittest.TestCase):
    proxy_class = Caddy
    cuts_early_answers = True


class BehindHaproxy(Behind, unittest.TestCase):
    proxy_class = Haproxy


class Times(unittest.TestCase):
    def test_proxies_wait_longer_than_polls_may(self):
        said = porchlight("config")[1]
        longest = int(re.search(r'timeout_max = "?(\d+)(m|s)"?', said).group(1)) * (
            60 if re.search(r'timeout_max = "?\d+m', said) else 1)
        for snippet, name in (("nginx.conf", "proxy_read_timeout"), ("haproxy.cfg", "timeout server"),
                              ("haproxy.cfg", "timeout client")):
            self.assertGreater(seconds_of(snippet, name), longest + 10, snippet)


if __name__ == "__main__":
    unittest.main()
