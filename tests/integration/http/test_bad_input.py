"""Bad input against the real server: a clear error or a clean close, bounded memory, and a bystander
whose requests go on being answered through all of it. Standard library only."""

import json
import os
import re
import resource
import socket
import subprocess
import tempfile
import unittest

FILES_MAX = 256  # what the server may open in this test
JSON = "Content-Type: application/json\r\n"


class Server:
    def __init__(self):
        self.data = tempfile.TemporaryDirectory(prefix="porchlight-http-")
        self.start()

    def start(self):
        command = [os.environ["PORCHLIGHT_BINARY"], "serve", "--data", self.data.name]
        command += ["--listen", "127.0.0.1:0", "--open-registration", "--server-name", "porch.test"]
        for s in ("accounts.argon2_ops=1", "accounts.argon2_memory=8KiB"):
            command += ["--set", s]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, FILES_MAX)),
        )
        line = self.process.stdout.readline()
        self.port = int(re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", line).group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        code = self.process.wait()
        self.process.stdout.close()
        self.data.cleanup()
        return code

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return s

    def memory(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))  # KiB


def head(method, path, body=b"", more=""):
    return (
        "%s %s HTTP/1.1\r\nHost: porch.test\r\n%sContent-Length: %d\r\n\r\n"
        % (method, path, more, len(body))
    ).encode("latin-1") + body


def read_response(s):
    """(status, headers, body) of one response, or None when the server closed without a word."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return None
        data += more
    raw, body = data.split(b"\r\n\r\n", 1)
    lines = raw.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        more = s.recv(65536)
        if not more:
            break
        body += more
    length = int(headers.get("content-length", 0))
    read_response.rest = body[length:]
    return int(lines[0].split()[1]), headers, body[:length]


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.alice = cls.ask("POST", "/_matrix/client/v3/register", {
            "username": "alice", "password": "alice-secret", "auth": {"type": "m.login.dummy"}})[2]
        cls.status_path = "/_matrix/client/v3/presence/@alice:porch.test/status"
        cls.authorization = "Authorization: Bearer %s\r\n" % cls.alice["access_token"]

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        assert code == 0, "the server ended with %s" % code

    def tearDown(self):
        """Whatever happened, another client is unharmed and nothing of the bad input was applied."""
        status, _, body = self.ask("GET", self.status_path, more=self.authorization)
        self.assertEqual(status, 200)
        self.assertNotIn("status_msg", body)

    @classmethod
    def ask(cls, method, path, body=None, more="", raw=None):
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        with cls.server.connect() as s:
            s.sendall(head(method, path, data, more + JSON))
            answer = read_response(s)
        assert answer is not None, "closed without an answer"
        status, headers, text = answer
        assert headers.get("access-control-allow-origin") == "*", "no CORS header on %d" % status
        return status, headers, json.loads(text)

    def put(self, raw, path=None):
        return self.ask("PUT", path or self.status_path, raw=raw, more=self.authorization)

    def refused(self, answer, status, errcode):
        self.assertEqual((answer[0], answer[2]["errcode"]), (status, errcode))
        self.assertTrue(answer[2]["error"])

    def test_a_body_that_is_not_json(self):
        for raw in (b"presence=online", b"{", b'{"presence":}', b'{"presence":"online"} x', b"\xff\xfe"):
            self.refused(self.put(raw), 400, "M_NOT_JSON")

    def test_a_body_of_the_wrong_shape(self):
        for raw in (b"[]", b'"online"', b"1", b"null", b'{"presence":1}', b"{}",
                    b'{"presence":"online","status_msg":{"a":1}}',
                    b'{"presence":"online","status_msg":7}'):
            answer = self.put(raw)
            self.assertEqual(answer[0], 400, raw)
            self.assertIn(answer[2]["errcode"], ("M_BAD_JSON", "M_MISSING_PARAM", "M_INVALID_PARAM"), raw)

    def test_unknown_states_and_long_texts(self):
        self.refused(self.put(b'{"presence":"sleeping"}'), 400, "M_INVALID_PARAM")
        long = json.dumps({"presence": "online", "status_msg": "x" * 2049}).encode()
        self.refused(self.put(long), 400, "M_INVALID_PARAM")

    def test_bad_utf8_in_a_text(self):
        for text in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
            answer = self.put(b'{"presence":"online","status_msg":"' + text + b'"}')
            self.assertEqual(answer[0], 400)

    def test_duplicate_keys(self):
        self.assertEqual(self.put(b'{"presence":"online","presence":"offline"}')[0], 400)

    def test_a_depth_bomb(self):
        before = self.server.memory()
        for n in (100, 10000, 200000):
            answer = self.put(b'{"presence":"online","x":' + b"[" * n + b"]" * n + b"}")
            self.assertEqual(answer[0], 400, n)
        self.assertLess(self.server.memory() - before, 32 * 1024)

    def test_a_size_bomb_is_refused_before_it_is_read(self):
        before = self.server.memory()
        with self.server.connect() as s:
            s.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: 10000000000\r\n\r\n"
                       % (self.status_path, self.authorization)).encode())
            status, _, body = read_response(s)
        self.assertEqual((status, json.loads(body)["errcode"]), (413, "M_TOO_LARGE"))
        with self.server.connect() as s:
            s.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n"
                       % (self.status_path, self.authorization)).encode())
            chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            try:
                for _ in range(64):
                    s.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = read_response(s)
        self.assertTrue(answer is None or answer[0] == 413)
        self.assertLess(self.server.memory() - before, 32 * 1024)

    def test_over_long_ids_and_percent_tricks(self):
        for user in ("@" + "a" * 300 + ":porch.test", "@%00:porch.test", "@%ff:porch.test", "alice", "%40"):
            answer = self.ask("GET", "/_matrix/client/v3/presence/%s/status" % user,
                              more=self.authorization)
            self.assertIn(answer[0], (400, 404), user)
        for path in ("/_matrix/client/v3/presence/%zz/status", "/_matrix/client/v3/presence/%4/status"):
            self.assertEqual(self.ask("GET", path, more=self.authorization)[0], 400, path)
        # An escaped slash is a part of the name, not of the path.
        self.assertEqual(self.ask("GET", "/_matrix/client/v3%2Fversions")[0], 404)
        self.refused(self.ask("GET", "/_matrix/client/v3/../../versions"), 404, "M_UNRECOGNIZED")

    def test_malformed_parameters_name_themselves(self):
        for query, name in (("since=abc", "since"), ("timeout=-1", "timeout"), ("timeout=1e3", "timeout"),
                            ("set_presence=asleep", "set_presence"), ("since=1.2", "since"),
                            ("filter=%7B", "filter"), ("full_state=maybe", "full_state")):
            answer = self.ask("GET", "/_matrix/client/v3/sync?" + query, more=self.authorization)
            self.assertEqual(answer[0], 400, query)
            self.assertIn(name, answer[2]["error"], query)

    def test_a_flood_of_headers_and_a_long_target(self):
        with self.server.connect() as s:
            s.sendall(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: x\r\n")
            try:
                for i in range(5000):
                    s.sendall(b"X-%d: y\r\n" % i)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = read_response(s)
        self.assertTrue(answer is None or answer[0] == 431)
        with self.server.connect() as s:
            s.sendall(b"GET /" + b"a" * 10000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(read_response(s)[0], (414, 431))

    def test_garbage_instead_of_http(self):
        for raw in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, b"\r\n\r\n\r\n",
                    b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with self.server.connect() as s:
                s.sendall(raw)
                s.shutdown(socket.SHUT_WR)
                answer = read_response(s)
                self.assertTrue(answer is None or 400 <= answer[0] < 600, raw)

    def test_pipelined_requests_are_answered_in_order(self):
        with self.server.connect() as s:
            s.sendall(head("GET", "/_matrix/client/versions") * 3
                      + head("GET", "/_matrix/client/v3/nothing_there"))
            data = b""
            while data.count(b"HTTP/1.1 ") < 4 or not data.rstrip().endswith(b"}"):
                more = s.recv(65536)
                self.assertTrue(more)
                data += more
        self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", data), [b"200", b"200", b"200", b"404"])

    def test_a_half_closed_client_gets_its_answer(self):
        with self.server.connect() as s:
            s.sendall(head("GET", "/_matrix/client/versions"))
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(read_response(s)[0], 200)

    def test_a_body_in_single_bytes_and_chunks(self):
        with self.server.connect() as s:
            for byte in head("PUT", self.status_path, b'{"presence":"online"}', self.authorization):
                s.sendall(bytes([byte]))
            self.assertEqual(read_response(s)[0], 200)
            s.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n"
                       % (self.status_path, self.authorization)).encode()
                      + b'c\r\n{"presence":\r\n9\r\n"online"}\r\n0\r\n\r\n')
            self.assertEqual(read_response(s)[0], 200)

    def test_wrong_method_and_unknown_path(self):
        self.refused(self.ask("DELETE", self.status_path, more=self.authorization), 405, "M_UNRECOGNIZED")
        self.refused(self.ask("GET", "/_matrix/client/v3/porch"), 404, "M_UNRECOGNIZED")
        self.refused(self.ask("GET", self.status_path), 401, "M_MISSING_TOKEN")
        self.refused(self.ask("GET", self.status_path, more="Authorization: Bearer x\r\n"),
                     401, "M_UNKNOWN_TOKEN")

    def test_connections_up_to_the_open_file_limit(self):
        bystander = self.server.connect()
        crowd = []
        try:
            for _ in range(FILES_MAX + 40):
                s = socket.socket()
                s.settimeout(5)
                s.connect(("127.0.0.1", self.server.port))
                crowd.append(s)
            bystander.sendall(head("GET", "/_matrix/client/versions"))
            self.assertEqual(read_response(bystander)[0], 200, "the bystander is served at the limit")
        finally:
            for s in crowd:
                s.close()
            bystander.close()
        for _ in range(200):  # closing takes the server a moment
            try:
                if self.ask("GET", "/_matrix/client/versions")[0] == 200:
                    return
            except (AssertionError, ConnectionResetError):
                pass
        self.fail("the server does not accept again after the crowd left")

    def test_secrets_are_not_logged(self):
        self.server.log.seek(0)
        text = self.server.log.read()
        self.assertNotIn(self.alice["access_token"], text)
        self.assertNotIn("alice-secret", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
