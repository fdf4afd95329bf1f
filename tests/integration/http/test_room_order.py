"""Many messages in flight at once to one room of the real server: one order, the same in everybody's
/sync, in /messages both ways, and after a kill. Standard library only."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

SENDERS = 6
EACH = 60
API = "/_matrix/client/v3"


class Server:
    def __init__(self, folder):
        command = [os.environ["PORCHLIGHT_BINARY"], "serve", "--data", folder, "--listen", "127.0.0.1:0"]
        command += ["--open-registration", "--server-name", "porch.test"]
        for s in ("accounts.argon2_ops=1", "accounts.argon2_memory=8KiB", "rate_limits.enabled=false"):
            command += ["--set", s]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", line).group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Client:
    def __init__(self, server, name=None, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.token = token
        if name:
            self.token = self.ask("POST", "/register", {"username": name, "password": "pw-" + name,
                                                        "auth": {"type": "m.login.dummy"}})["access_token"]

    def close(self):
        self.connection.close()

    def ask(self, method, path, body=None, **query):
        target = API + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": "Bearer " + self.token} if self.token else {}
        self.connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError("%s %s: %d %s" % (method, path, answer.status, text))
        return json.loads(text)

    def follow(self, room, since, until):
        """Event ids as /sync gives them, gaps filled from /messages, until `until` of them came."""
        ids = []
        while len(ids) < until:
            answer = self.ask("GET", "/sync", since=since, timeout=20000, set_presence="offline",
                              filter=json.dumps({"room": {"timeline": {"limit": 7}}, "presence": {"types": []}}))
            timeline = answer["rooms"]["join"].get(room, {}).get("timeline")
            if timeline and timeline["limited"]:
                ids += self.page(room, since, answer["rooms"]["join"][room]["timeline"]["prev_batch"])
            if timeline:
                ids += [e["event_id"] for e in timeline["events"]]
            since = answer["next_batch"]
        return ids

    def page(self, room, begin, end, direction="f", limit=11):
        ids = []
        while begin:
            page = self.ask("GET", "/rooms/%s/messages" % urllib.parse.quote(room), dir=direction, limit=limit,
                            **{"from": begin}, **({"to": end} if end else {}))
            ids += [e["event_id"] for e in page["chunk"]]
            begin = page.get("end")
        return ids


class RoomOrder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="porchlight-order-")
        self.server = Server(self.folder.name)

    def tearDown(self):
        self.server.kill()
        self.folder.cleanup()

    def test_one_order_for_everybody_and_over_a_kill(self):
        clients = [Client(self.server, "u%d" % i) for i in range(SENDERS)]
        room = clients[0].ask("POST", "/createRoom", {"preset": "public_chat"})["room_id"]
        for c in clients[1:]:
            c.ask("POST", "/join/" + urllib.parse.quote(room), {})
        begin = clients[0].ask("GET", "/sync", set_presence="offline")["next_batch"]
        sent, seen, failed = [[] for _ in clients], [None] * len(clients), []

        def guarded(work):
            def run():
                try:
                    work()
                except Exception as e:  # told by the test's own thread
                    failed.append(e)
            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def send(i):
            own = Client(self.server, token=clients[i].token)
            for n in range(EACH):
                path = "/rooms/%s/send/m.room.message/t%d" % (urllib.parse.quote(room), n)
                sent[i].append(own.ask("PUT", path, {"msgtype": "m.text", "body": "%d.%d" % (i, n)})["event_id"])
            own.close()

        def follow(i):
            seen[i] = clients[i].follow(room, begin, SENDERS * EACH)

        threads = [guarded(lambda i=i: follow(i)) for i in range(SENDERS)]
        threads += [guarded(lambda i=i: send(i)) for i in range(SENDERS)]
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        order = seen[0]
        self.assertEqual(sorted(order), sorted(sum(sent, [])), "each message once, none lost")
        for other in seen[1:]:
            self.assertEqual(other, order)
        for own in sent:
            self.assertEqual([e for e in order if e in set(own)], own, "one's own in the order of sending")
        self.check_pages(clients, room, begin, order)
        self.server.kill()
        self.server = Server(self.folder.name)
        again = [Client(self.server, token=c.token) for c in clients]
        self.check_pages(again, room, begin, order)
        self.assertEqual(again[0].follow(room, begin, len(order)), order)
        for c in clients + again:
            c.close()

    def check_pages(self, clients, room, begin, order):
        for c in clients:
            end = c.ask("GET", "/sync", set_presence="offline")["next_batch"]
            self.assertEqual(c.page(room, begin, None), order)
            self.assertEqual(c.page(room, end, begin, "b")[::-1], order)


if __name__ == "__main__":
    unittest.main()
