#!/usr/bin/env python3
"""The commands of a person against servers that are not Porchlight, broken or none, and the way to one by its
name over https. PORCHLIGHT_BINARY names the program."""
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from program import BINARY, Lines, Person, Server, until


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.split("?")[0]
        self.server.asked.append((self.command, self.path, body, self.headers.get("Authorization")))
        status, answer = self.server.answer(path, body)
        headers = {}
        if isinstance(answer, tuple):
            answer, headers = answer
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


class FakeServer(http.server.ThreadingHTTPServer):
    """Answers what `answers` has for a path; a function is called with the body."""
    daemon_threads = True

    def __init__(self, test, answers, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.answers = [], answers
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path, body):
        found = self.answers.get(path, (404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}))
        return found(body) if callable(found) else found

    def handle_error(self, *_):
        pass  # a client that hangs up


CLIENT = "/_matrix/client/v3"
OLD_SERVER = {
    "/_matrix/client/versions": (200, {"versions": ["v1.1"]}),
    CLIENT + "/login": lambda body: (200, {"flows": [{"type": "m.login.password"}]} if body is None else {
        "user_id": "@alice:old.test", "device_id": "D", "access_token": "token-of-alice"}),
    CLIENT + "/presence/%40alice%3Aold.test/status": lambda body: (200, {
        "presence": "online", "last_active_ago": 1000} if body is None else {}),
}


class OtherServers(unittest.TestCase):
    def setUp(self):
        self.alice = Person(self, "alice")

    def log_in(self, answers):
        server = FakeServer(self, {**OLD_SERVER, **answers})
        self.alice.run("login", server.url, "--user", "alice", given="secret\n")
        return server

    def test_without_lists_the_sentence_says_so(self):
        server = self.log_in({})
        for words in (["list"], ["list", "add", "bob"], ["list", "invites"], ["list", "policy"]):
            self.assertIn("has no presence lists", self.alice.run(*words, code=1))
        self.assertFalse([path for _, path, _, _ in server.asked if "list" in path or "porchlight" in path])

    def test_a_status_is_said_in_the_words_the_server_knows(self):
        server = self.log_in({})
        self.alice.run("status", "set", "busy", "--text", "x")
        puts = [body for method, _, body, _ in server.asked if method == "PUT"]
        self.assertEqual(puts, [{"presence": "org.matrix.msc3026.busy", "status_msg": "x"}])
        self.assertIn("only Porchlight", self.alice.run("status", "set", "--text", "x", "--expires", "1h", code=1))

    def test_the_token_goes_into_the_header_and_into_no_address(self):
        server = self.log_in({})
        self.alice.run("status", "get")
        _, path, _, header = server.asked[-1]
        self.assertEqual(header, "Bearer token-of-alice")
        self.assertNotIn("token-of-alice", path)

    def test_events_that_name_the_user_only_as_sender_and_nothing_at_all_do_not_make_it_spin(self):
        def sync(_):
            self.syncs += 1
            events = [{"type": "m.presence", "sender": "@bob:old.test",
                       "content": {"presence": "online", "last_active_ago": 5, "currently_active": True}}]
            return 200, {"next_batch": str(self.syncs), "presence": {"events": events if self.syncs == 1 else []}}
        self.syncs = 0
        self.log_in({CLIENT + "/sync": sync})
        watch = Lines(self.alice, "watch", "--json")
        self.assertEqual(watch.wait_for(lambda o: True)["user_id"], "@bob:old.test")
        began = self.syncs
        until(lambda: self.syncs >= began + 2, "it goes on asking")
        before, count = time.monotonic(), self.syncs
        until(lambda: self.syncs >= count + 2, "it goes on asking")
        self.assertGreater(time.monotonic() - before, 0.9, "empty answers are a second apart")

    def test_overload_and_a_proxy_without_a_server_are_waited_for(self):
        answers = [(502, "<html>Bad Gateway</html>"), (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "e", "retry_after_ms": 50}),
                   (200, {"next_batch": "1"})]
        self.log_in({CLIENT + "/sync": lambda _: answers.pop(0) if answers else (200, {"next_batch": "2"})})
        watch = Lines(self.alice, "watch", "--json")
        lost = watch.wait_for(lambda o: o["type"] == "lost")
        self.assertIn("status 502", lost["reason"])
        watch.wait_for(lambda o: o["type"] == "back")
        self.assertEqual([o["type"] for o in watch.objects()], ["lost", "back"])

    def test_what_is_no_matrix_server_gets_no_password(self):
        server = FakeServer(self, {"/_matrix/client/versions": (200, "<html>")})
        self.assertIn("is no Matrix server", self.alice.run("login", server.url, "--user", "alice",
                                                            given="secret\n", code=1))
        self.assertNotIn("POST", [method for method, *_ in server.asked])

    def test_a_server_without_passwords_says_what_it_offers(self):
        server = FakeServer(self, {**OLD_SERVER, CLIENT + "/login": (200, {"flows": [{"type": "m.login.sso"}]})})
        self.assertIn("m.login.sso", self.alice.run("login", server.url, "--user", "alice", given="x\n", code=1))

    def test_an_error_of_a_server_moves_no_cursor(self):
        self.log_in({CLIENT + "/account/whoami": (403, {"errcode": "M_X", "error": "a\x1b[2Jb\nc"})})
        self.assertEqual(self.alice.run("whoami", code=1).count("\n"), 1)
        self.assertNotIn("\x1b", self.alice.run("whoami", code=1))

    def test_an_answer_without_end_is_cut(self):
        self.log_in({CLIENT + "/account/whoami": (200, "x" * (33 << 20))})
        self.assertIn("longer than 32 MB", self.alice.run("whoami", code=1))

    def test_redirects_are_not_followed_with_a_token(self):
        other = FakeServer(self, {})
        self.log_in({CLIENT + "/account/whoami": (302, ("", {"Location": other.url + "/x"}))})
        self.assertIn("status 302", self.alice.run("whoami", code=1))
        self.assertEqual(other.asked, [])


class ByName(unittest.TestCase):
    """localhost with a certificate that SSL_CERT_FILE trusts, and a real server behind its well-known."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-tls-")
        self.addCleanup(folder.cleanup)
        self.certificate = os.path.join(folder.name, "certificate.pem")
        key = os.path.join(folder.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.alice = Person(self, "alice")
        self.alice.environment["SSL_CERT_FILE"] = self.certificate

    def well_known(self, answers):
        server = FakeServer(self, answers, self.context)
        return f"localhost:{server.server_address[1]}", server

    def test_the_well_known_leads_to_the_server_also_by_a_redirect(self):
        behind = {}
        name, front = self.well_known(behind)
        server = Server(self, name)
        server.register("alice")
        behind["/.well-known/matrix/client"] = (302, ("", {"Location": f"https://{name}/elsewhere"}))
        behind["/elsewhere"] = (200, {"m.homeserver": {"base_url": server.url + "/"}})
        self.assertIn(f"logged in as @alice:{name} on {server.url}\n",
                      self.alice.run("login", f"@alice:{name}", given="secret-alice\n"))
        self.assertIn(f"@alice:{name}", self.alice.run("whoami"))

    def test_without_a_well_known_the_name_is_the_server(self):
        name, front = self.well_known({**OLD_SERVER})
        self.assertIn(f"on https://{name}\n", self.alice.run("login", f"@alice:{name}", given="secret\n"))

    def test_a_redirect_never_leads_from_https_to_http(self):
        plain = FakeServer(self, {"/x": (200, {"m.homeserver": {"base_url": "https://wrong.test"}})})
        name, _ = self.well_known({"/.well-known/matrix/client": (302, ("", {"Location": plain.url + "/x"}))})
        self.alice.run("login", f"@alice:{name}", given="secret\n", code=1)
        self.assertEqual(plain.asked, [])

    def test_a_broken_well_known_says_what_to_do(self):
        name, _ = self.well_known({"/.well-known/matrix/client": (200, {"m.homeserver": {}})})
        self.assertIn("--server", self.alice.run("login", f"@alice:{name}", given="secret\n", code=1))

    def test_a_certificate_that_nobody_signed_is_refused(self):
        name, front = self.well_known({**OLD_SERVER})
        del self.alice.environment["SSL_CERT_FILE"]
        self.assertIn("its certificate is not trusted", self.alice.run("login", f"@alice:{name}", given="x\n", code=1))
        self.assertEqual(front.asked, [])

    def test_a_proxy_of_the_environment_is_used(self):
        proxy = FakeServer(self, {"http://nowhere.test" + path: answer for path, answer in OLD_SERVER.items()})
        self.alice.environment["http_proxy"] = proxy.url
        self.alice.run("login", "http://nowhere.test", "--user", "alice", given="secret\n")
        self.assertTrue(proxy.asked)


if __name__ == "__main__":
    unittest.main()
