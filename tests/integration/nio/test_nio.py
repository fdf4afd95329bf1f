"""matrix-nio as it comes: log in, sync, see another's state and text, set own, vanish without FIN.

Run with Debian's python3 (python3-matrix-nio); PORCHLIGHT_BINARY names the server.
"""

import asyncio
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from nio import AsyncClient, LoginResponse, PresenceEvent, SyncResponse

SIOCOUTQ = 0x5411  # bytes not yet acknowledged
TCP_REPAIR = 19  # closing a socket in repair mode sends no FIN and no RST


class Server:
    def __init__(self, *settings):
        self.data = tempfile.TemporaryDirectory(prefix="porchlight-nio-")
        command = [os.environ["PORCHLIGHT_BINARY"], "serve", "--data", self.data.name]
        command += ["--listen", "127.0.0.1:0", "--open-registration", "--server-name", "porch.test"]
        for s in ("accounts.argon2_ops=1", "accounts.argon2_memory=8KiB", *settings):
            command += ["--set", s]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.url = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line).group(1)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.data.cleanup()

    def post(self, path, body, token=None):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def register(self, name):
        return self.post(
            "/_matrix/client/v3/register",
            {"username": name, "password": name + "-secret", "auth": {"type": "m.login.dummy"}},
        )


class NioTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = Server("presence.offline_grace=500ms")
        self.alice, self.bob = self.server.register("alice"), self.server.register("bob")
        room = self.server.post(
            "/_matrix/client/v3/createRoom", {"preset": "public_chat"}, self.alice["access_token"]
        )["room_id"]
        self.server.post(
            "/_matrix/client/v3/join/" + urllib.parse.quote(room), {}, self.bob["access_token"]
        )
        self.clients = []

    async def asyncTearDown(self):
        for c in self.clients:
            await c.close()
        self.server.stop()

    async def client(self, name):
        c = AsyncClient(self.server.url, "@%s:porch.test" % name)
        self.clients.append(c)
        self.assertIsInstance(await c.login(name + "-secret"), LoginResponse)
        return c

    async def sync_until(self, client, wanted):
        """Polls until an event about which `wanted` is true; 10 polls of a second at most."""
        for _ in range(10):
            response = await client.sync(timeout=1000, since=client.next_batch or None)
            self.assertIsInstance(response, SyncResponse)
            for event in response.presence_events:
                self.assertIsInstance(event, PresenceEvent, "nio could not parse a presence event")
                if wanted(event):
                    return event
        self.fail("no such presence event came")

    async def test_state_and_text_of_a_colleague_are_seen(self):
        bob = await self.client("bob")
        await bob.sync(timeout=0)
        alice = await self.client("alice")
        await alice.set_presence("unavailable", "behind the hedge")
        event = await self.sync_until(
            bob, lambda e: e.user_id == alice.user_id and e.presence == "unavailable"
        )
        self.assertEqual(event.status_msg, "behind the hedge")
        self.assertIsInstance(event.last_active_ago, int)
        status = await bob.get_presence(alice.user_id)
        self.assertEqual((status.presence, status.status_msg), ("unavailable", "behind the hedge"))

    async def test_a_profile_change_reaches_the_member_list(self):
        bob, alice = await self.client("bob"), await self.client("alice")
        await bob.sync(timeout=0, full_state=True)
        await alice.set_displayname("Alice of the Porch")
        room = next(iter(bob.rooms.values()))
        for _ in range(10):
            await bob.sync(timeout=1000)
            if room.users[alice.user_id].display_name == "Alice of the Porch":
                return
        self.fail("the new name did not come")

    async def test_a_client_that_vanishes_without_fin_is_offline_after_the_grace(self):
        bob = await self.client("bob")
        await bob.sync(timeout=0)
        host, port = self.server.url[len("http://"):].split(":")
        vanishing = socket.create_connection((host, int(port)))
        vanishing.sendall(
            b"GET /_matrix/client/r0/sync?timeout=1500&access_token=%s HTTP/1.1\r\nHost: x\r\n\r\n"
            % self.alice["access_token"].encode()
        )
        self.assertIn(b"200 OK", vanishing.recv(65536))
        token = (await bob.sync(timeout=0)).next_batch
        self.assertTrue(token)
        since = json.load(
            urllib.request.urlopen(
                self.server.url
                + "/_matrix/client/r0/sync?access_token="
                + self.alice["access_token"]
            )
        )["next_batch"]
        vanishing.sendall(
            b"GET /_matrix/client/r0/sync?timeout=1500&since=%s&access_token=%s HTTP/1.1\r\n"
            b"Host: x\r\n\r\n" % (since.encode(), self.alice["access_token"].encode())
        )
        # Once the request is acknowledged nothing is in flight: the server hears nothing more.
        while struct.unpack("i", fcntl.ioctl(vanishing, SIOCOUTQ, b"\0" * 4))[0] > 0:
            pass
        vanishing.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        vanishing.close()
        await self.sync_until(
            bob, lambda e: e.user_id == "@alice:porch.test" and e.presence == "offline"
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
