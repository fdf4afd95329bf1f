"""A backup of a real server that is written to, restored elsewhere: what was acknowledged before it is
there, and clients go on, those too that have seen what is lost."""
import pathlib
import tempfile
import threading
import unittest

from real_server import Server, porchlight, quoted, until

CLIENT = "/_matrix/client/v3"


class Writer(threading.Thread):
    """Sends message after message; `acknowledged` are those the server answered for."""

    def __init__(self, server, room, token):
        super().__init__()
        self.server, self.room, self.token = server, room, token
        self.acknowledged, self.failed, self.enough = [], [], threading.Event()

    def run(self):
        while not self.enough.is_set():
            number = len(self.acknowledged)
            path = "%s/rooms/%s/send/m.room.message/%d" % (CLIENT, quoted(self.room), number)
            status, answer = self.server.ask("PUT", path, {"msgtype": "m.text", "body": str(number)}, self.token)
            if status != 200:
                self.failed.append((status, answer))
                return
            self.acknowledged.append(answer["event_id"])


class Backup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-backup-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, data):
        server = Server(data)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        return server

    def sync(self, token, since=None, more=""):
        query = "?timeout=0" + more + ("&since=" + since if since else "")
        status, answer = self.server.ask("GET", CLIENT + "/sync" + query, token=token)
        self.assertEqual(status, 200, answer)
        return answer

    def say(self, token, text):
        path = "%s/rooms/%s/send/m.room.message/%s" % (CLIENT, quoted(self.room), quoted(text))
        status, answer = self.server.ask("PUT", path, {"msgtype": "m.text", "body": text}, token)
        self.assertEqual(status, 200, answer)
        return answer["event_id"]

    def has_event(self, event, token):
        path = "%s/rooms/%s/event/%s" % (CLIENT, quoted(self.room), quoted(event))
        return self.server.ask("GET", path, token=token)[0] == 200

    def a_team(self):
        """Alice and Bob in a room, on a server that runs."""
        self.server = self.start(self.folder / "live")
        self.alice, self.bob = self.server.register("alice"), self.server.register("bob")
        status, made = self.server.ask("POST", CLIENT + "/createRoom", {"preset": "public_chat"}, self.alice)
        self.assertEqual(status, 200, made)
        self.room = made["room_id"]
        self.assertEqual(self.server.ask("POST", CLIENT + "/join/" + quoted(self.room), {}, self.bob)[0], 200)

    def back_up(self, name="copy"):
        code, said, error = porchlight("backup", self.folder / name, "--data", self.folder / "live")
        self.assertEqual((code, error), (0, ""), said)
        return said

    def restart_from_the_copy(self):
        code, said, error = porchlight("restore", self.folder / "copy", "--data", self.folder / "restored",
                                       "--server-name", "porch.test")
        self.assertEqual((code, error), (0, ""), said)
        self.server = self.start(self.folder / "restored")
        return said

    def test_under_writes_and_everything_acknowledged_is_there(self):
        self.a_team()
        status, media = self.server.ask("POST", "/_matrix/media/v3/upload?filename=a.txt", b"on the porch",
                                        self.alice, {"Content-Type": "text/plain"})
        self.assertEqual(status, 200, media)
        keys = self.server.ask("GET", "/_matrix/key/v2/server")[1]["verify_keys"]
        token = self.sync(self.alice)["next_batch"]
        writer = Writer(self.server, self.room, self.bob)
        writer.start()
        until(lambda: len(writer.acknowledged) > 20, "messages")
        before = list(writer.acknowledged)
        said = self.back_up()
        after = len(writer.acknowledged)
        until(lambda: len(writer.acknowledged) > after + 5, "messages while and after the backup")
        writer.enough.set()
        writer.join()
        self.assertEqual(writer.failed, [], "the server went on meanwhile")
        self.assertIn("porch.test: 2 accounts, 1 rooms, 1 uploads of 12 bytes", said)
        self.server.kill()

        self.restart_from_the_copy()
        for event in before:
            self.assertTrue(self.has_event(event, self.alice))
        self.assertFalse(self.has_event(writer.acknowledged[-1], self.alice), "that came after the backup")
        self.assertEqual(self.server.ask("GET", CLIENT + "/account/whoami", token=self.bob)[1]["user_id"],
                         "@bob:porch.test")
        self.assertEqual(self.server.ask("GET", "/_matrix/key/v2/server")[1]["verify_keys"], keys)
        path = "/_matrix/client/v1/media/download/" + media["content_uri"][len("mxc://"):]
        self.assertEqual(self.server.ask("GET", path, token=self.bob), (200, b"on the porch"))
        joined = self.sync(self.alice, token)["rooms"]["join"][self.room]
        self.assertTrue(joined["timeline"]["events"], "a token from before the backup goes on")
        self.server.stop()

    def test_clients_that_saw_what_is_lost_go_on(self):
        self.a_team()
        kept = self.sync(self.alice)["next_batch"]
        self.back_up()
        lost = self.say(self.bob, "lost")
        self.server.ask("PUT", CLIENT + "/presence/@bob:porch.test/status",
                        {"presence": "online", "status_msg": "lost"}, self.bob)
        since = until(lambda: self.sees_text("lost"), "Bob's text")["next_batch"]
        self.server.kill()

        said = self.restart_from_the_copy()
        self.assertIn("tells everybody's presence again", said)
        # Before her client asks, others have moved the server on, beyond her token.
        new = self.say(self.bob, "new")
        answer = self.sync(self.alice, since)
        room = answer["rooms"]["join"][self.room]
        events = room["state"]["events"] + room["timeline"]["events"]
        self.assertIn(new, [e.get("event_id") for e in events])
        self.assertNotIn(lost, [e.get("event_id") for e in events])
        self.assertIn("m.room.create", [e["type"] for e in events], "the room as it is now, whole")
        bob = [e["content"] for e in answer["presence"]["events"] if e["sender"] == "@bob:porch.test"]
        self.assertEqual([c.get("status_msg") for c in bob], [None], "the lost text is no more")
        position = lambda t: tuple(map(int, t.split(".")[:2]))
        self.assertGreater(position(answer["next_batch"])[0], position(since)[0])
        self.assertGreater(position(answer["next_batch"])[1], position(since)[1])

        newer = self.say(self.bob, "newer")
        after = self.sync(self.alice, answer["next_batch"])["rooms"]["join"][self.room]
        self.assertEqual([e["event_id"] for e in after["timeline"]["events"]], [newer])
        self.assertEqual(after["state"]["events"], [], "told in full once")
        old = self.sync(self.alice, kept)["rooms"]["join"][self.room]
        self.assertEqual([e["event_id"] for e in old["timeline"]["events"]], [new, newer])
        self.server.stop()

    def sees_text(self, text):
        answer = self.sync(self.alice)
        shown = [e["content"].get("status_msg") for e in answer["presence"]["events"]]
        return answer if text in shown else None

    def test_nothing_is_replaced(self):
        self.a_team()
        self.back_up()
        for command in (("backup", self.folder / "copy", "--data", self.folder / "live"),
                        ("restore", self.folder / "copy", "--data", self.folder / "live")):
            code, _, error = porchlight(*command)
            self.assertEqual(code, 1)
            self.assertIn("replaces nothing", error)
        self.server.stop()


if __name__ == "__main__":
    unittest.main()
