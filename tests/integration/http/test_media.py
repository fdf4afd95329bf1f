"""Media against the real server, by what no well-behaved client sends. Standard library only."""

import json
import os
import pathlib
import select
import sqlite3
import struct
import threading
import unittest
import zlib

from test_bad_input import JSON, Server, head, read_response


def register(server):
    """The header that names the new account."""
    body = json.dumps({"username": "alice", "password": "alice-secret",
                       "auth": {"type": "m.login.dummy"}}).encode()
    with server.connect() as s:
        s.sendall(head("POST", "/_matrix/client/v3/register", body, JSON))
        return "Authorization: Bearer %s\r\n" % json.loads(read_response(s)[2])["access_token"]


class Media(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.authorization = register(cls.server)
        status, _, body = cls.ask("POST", "/_matrix/media/v3/upload?filename=a.txt", b"a secret",
                                  "Content-Type: text/plain\r\n")
        assert status == 200, body
        cls.path = json.loads(body)["content_uri"][len("mxc://"):]

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        assert code == 0, "the server ended with %s" % code

    @classmethod
    def ask(cls, method, path, body=b"", more="", token=True):
        with cls.server.connect() as s:
            s.sendall(head(method, path, body, more + (cls.authorization if token else "")))
            return read_response(s)

    def test_no_path_leads_out_of_the_folder(self):
        media_id = self.path.split("/")[1]
        database = pathlib.Path(self.server.data.name, "porchlight.db")
        self.assertTrue(database.exists())
        ids = ["../porchlight.db", "..%2fporchlight.db", "%2e%2e%2f%2e%2e%2fporchlight.db", "..", ".",
               "..%5cporchlight.db", "%00", media_id + "%00", media_id + "%2f", "%2f" + media_id,
               media_id[:2] + "%2f" + media_id, media_id + "-32x32-crop", "thumbnail." + media_id,
               "incoming%2f" + media_id, "%252e%252e%252fporchlight.db", str(database),
               "%2f" + str(database)[1:].replace("/", "%2f"), "a" * 5000]
        for prefix in ("/_matrix/client/v1/media/download/", "/_matrix/client/v1/media/thumbnail/",
                       "/_matrix/media/v3/download/", "/_matrix/media/r0/thumbnail/"):
            for server in ("porch.test", "..", "%2e%2e", "porch.test%2f.."):
                for one in ids:
                    answer = self.ask("GET", "%s%s/%s?width=9&height=9" % (prefix, server, one))
                    self.assertIsNotNone(answer, one)
                    self.assertIn(answer[0], (400, 404), one)
                    self.assertNotIn(b"SQLite", answer[2])
                    self.assertNotIn(b"a secret", answer[2])
        put = self.ask("PUT", "/_matrix/media/v3/upload/porch.test/..%2f..%2fevil", b"x")
        self.assertEqual(put[0], 404)
        self.assertEqual([p for p in pathlib.Path(self.server.data.name).rglob("*evil*")], [])

    def test_what_is_written_where(self):
        root = pathlib.Path(self.server.data.name, "media")
        media_id = self.path.split("/")[1]
        file = root / "uploads" / media_id[:2] / media_id
        self.assertEqual(file.read_bytes(), b"a secret")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(list((root / "incoming").iterdir()), [])

    def test_headers_cannot_be_made_by_an_upload(self):
        status, _, body = self.ask(
            "POST", "/_matrix/media/v3/upload?filename=a%0d%0aX-Evil:%20yes%22;b.html", b"x",
            "Content-Type: text/html\tx\r\n")
        self.assertEqual(status, 200, body)
        path = body.decode().split("mxc://")[1].split('"')[0]
        for name in ("", "/b%0d%0aX-Evil:%20yes"):
            status, headers, _ = self.ask("GET", "/_matrix/client/v1/media/download/" + path + name)
            self.assertEqual(status, 200)
            self.assertNotIn("x-evil", headers)
            self.assertTrue(headers["content-disposition"].startswith("attachment"))
            self.assertEqual(headers["content-type"], "application/octet-stream")

    def test_a_large_upload_without_a_token_is_not_even_read(self):
        with self.server.connect() as s:
            s.sendall(b"POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: porch.test\r\n"
                      b"Content-Length: 10000000\r\n\r\n")
            status, _, body = read_response(s)
            self.assertEqual((status, b"M_MISSING_TOKEN" in body), (401, True))
        for length, token in ((20 * 1024 * 1024 + 1, True), (1024 * 1024 + 1, False)):
            path = "/_matrix/media/v3/upload" if token else "/_matrix/client/v3/login"
            with self.server.connect() as s:
                s.sendall(("POST %s HTTP/1.1\r\nHost: porch.test\r\n%sContent-Length: %d\r\n\r\n"
                           % (path, self.authorization, length)).encode())
                status, _, body = read_response(s)
                self.assertEqual((status, b"M_TOO_LARGE" in body), (413, True))

    def test_memory_stays_bounded_under_slow_uploads(self):
        before = self.server.memory()
        sockets = []
        for _ in range(12):
            s = self.server.connect()
            sockets.append(s)
            try:
                s.sendall(("POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: porch.test\r\n%s"
                           "Content-Length: 20000000\r\n\r\n" % self.authorization).encode())
                s.sendall(b"x" * 15_000_000)
            except OSError:
                pass  # refused and gone already
        refused = set()
        while len(refused) < 12 - 48 // 14:  # whoever is refused has an answer, or an end, to read
            readable, _, _ = select.select([s for s in sockets if s not in refused], [], [], 20)
            self.assertTrue(readable, "only %d of 12 were refused" % len(refused))
            refused.update(readable)
        # 48 MiB of long bodies a thread; strings grow by doubling.
        self.assertLess(self.server.memory() - before, 150 * 1024)
        for s in sockets:
            s.close()
        status, _, _ = self.ask("POST", "/_matrix/media/v3/upload", b"x" * 2_000_000)
        self.assertEqual(status, 200)

    def test_a_bomb_has_no_thumbnail(self):
        def chunk(kind, data):
            return (struct.pack(">I", len(data)) + kind + data +
                    struct.pack(">I", zlib.crc32(kind + data)))

        bomb = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(b"\0" * 5_000_000)) + chunk(b"IEND", b""))
        status, _, body = self.ask("POST", "/_matrix/media/v3/upload", bomb,
                                   "Content-Type: image/png\r\n")
        self.assertEqual(status, 200)
        path = body.decode().split("mxc://")[1].split('"')[0]
        before = self.server.memory()
        status, _, body = self.ask(
            "GET", "/_matrix/client/v1/media/thumbnail/%s?width=32&height=32&method=crop" % path)
        self.assertEqual((status, b"M_TOO_LARGE" in body), (413, True))
        self.assertLess(self.server.memory() - before, 60 * 1024)

    def test_parts_of_a_file(self):
        path = "/_matrix/client/v1/media/download/" + self.path
        status, headers, body = self.ask("GET", path, more="Range: bytes=2-5\r\n")
        self.assertEqual((status, body, headers["content-range"]), (206, b"secr", "bytes 2-5/8"))
        status, headers, _ = self.ask("GET", path)
        status, _, body = self.ask("GET", path, more="If-None-Match: %s\r\n" % headers["etag"])
        self.assertEqual((status, body), (304, b""))


class Killed(unittest.TestCase):
    """kill -9 while uploads are on their way: what was answered is there, what was not is gone."""

    def test_kills_leave_rows_and_files_of_one_mind(self):
        server = Server()
        answered = {}
        try:
            token = register(server)
            for round_ in range(4):
                threads = [threading.Thread(target=self.upload_until_killed,
                                            args=(server, token, answered, round_ * 10 + n))
                           for n in range(3)]
                for t in threads:
                    t.start()
                enough = len(answered) + 15
                while len(answered) < enough and any(t.is_alive() for t in threads):
                    threads[0].join(0.005)
                server.kill()
                for t in threads:
                    t.join()
                server.start()
                self.look(server, token, answered)
        finally:
            code = server.stop()
        self.assertEqual(code, 0)
        self.assertGreater(len(answered), 50)

    @staticmethod
    def upload_until_killed(server, token, answered, seed):
        for n in range(1000):
            data = (b"%d %d " % (seed, n)) * (50 + 997 * n % 9000)
            try:
                with server.connect() as s:
                    s.sendall(head("POST", "/_matrix/media/v3/upload", data, token))
                    status, _, body = read_response(s)
            except (OSError, TypeError, ValueError):
                return  # killed
            if status == 200:
                answered[json.loads(body)["content_uri"][len("mxc://"):]] = data

    def look(self, server, token, answered):
        root = pathlib.Path(server.data.name, "media")
        self.assertEqual(list((root / "incoming").iterdir()), [])
        files = {p.name for p in (root / "uploads").rglob("*") if p.is_file()}
        with sqlite3.connect("file:%s/porchlight.db?mode=ro" % server.data.name, uri=True) as db:
            rows = {row[0] for row in db.execute("SELECT media_id FROM media")}
        self.assertEqual(files, rows)
        for path, data in answered.items():
            with server.connect() as s:
                s.sendall(head("GET", "/_matrix/client/v1/media/download/" + path, b"", token))
                status, _, body = read_response(s)
            self.assertEqual((status, body), (200, data))


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent)
    unittest.main()
