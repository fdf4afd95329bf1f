"""The real Synapse, of Debian's own package, and Porchlight as each other's peers."""
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from synapse import Synapse  # noqa: E402, and the path to the next
from authority import make_authority, make_certificate  # noqa: E402
from peers import Server, eventually  # noqa: E402
from signed_json import authorization, is_signed  # noqa: E402


def quoted(text):
    return urllib.parse.quote(text, safe="")


class WithSynapse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        authority = make_authority(cls.folder.name)
        certificate, key = make_certificate(cls.folder.name, authority, "server")
        cls.porch = Server(authority, certificate, key, "federation.push_window=0s", "presence.window=0s")
        cls.addClassCleanup(cls.porch.stop)
        cls.carol = cls.porch.register("carol")
        cls.synapse = Synapse(authority, certificate, key, presence_to=cls.carol.id)
        cls.addClassCleanup(cls.synapse.stop)
        cls.alice = cls.porch.register("alice")
        cls.bob = cls.synapse.register("bob")

    def tearDown(self):
        """Whatever was tried, Synapse has logged no error, and no warning that names us but of who isn't there."""
        self.assertEqual([line for line in self.synapse.log() if re.search(r" (ERROR|CRITICAL) ", line) or (
            " WARNING " in line and self.porch.name in line and "nobody" not in line)], [])

    def count(self, name, label=""):
        return self.porch.metric(f"porchlight_federation_{name}", label)

    def say_as_synapse(self, edu_type, **content):
        """A transaction with Synapse's signature. It has no presence lists: this is what one with lists says."""
        key_id, seed = self.synapse.signing_key()
        uri = f"/_matrix/federation/v1/send/by-hand-{time.monotonic_ns()}"
        transaction = {"origin": self.synapse.name, "origin_server_ts": int(time.time() * 1000), "pdus": [],
                       "edus": [{"edu_type": edu_type, "content": content}]}
        signed = authorization("PUT", uri, self.synapse.name, self.porch.name, key_id, seed, transaction)
        code, answer = self.porch.ask_as_server("PUT", uri, transaction, {"Authorization": signed})
        self.assertEqual((code, answer.get("pdus")), (200, {}), answer)

    def own_keys(self, server):
        """What a server says its keys are, once its own signature of that was seen to be good."""
        ask = server.ask if server is self.synapse else server.ask_as_server
        code, said = ask("GET", "/_matrix/key/v2/server")
        self.assertEqual((code, said["server_name"]), (200, server.name))
        keys = {key_id: key["key"] for key_id, key in said["verify_keys"].items()}
        self.assertEqual(len(keys), 1)
        for key_id, key in keys.items():
            self.assertTrue(is_signed(said, server.name, key_id, key), said)
            self.assertFalse(is_signed({**said, "valid_until_ts": 1}, server.name, key_id, key))
        return keys

    def test_both_sign_the_keys_that_they_answer_with(self):
        self.own_keys(self.synapse)
        self.own_keys(self.porch)

    def test_porchlight_reads_a_profile_of_synapse(self):
        """By a signed request: Synapse asks us for our key, and believes it."""
        self.bob.ask("PUT", "/_matrix/client/v3/profile/{me}/displayname", {"displayname": "Bob of Synapse"})
        code, profile = self.alice.ask("GET", f"/_matrix/client/v3/profile/{quoted(self.bob.id)}")
        self.assertEqual((code, profile.get("displayname")), (200, "Bob of Synapse"), self.porch.log[-5:])
        self.assertEqual(self.synapse.keys_of(self.porch.name), self.own_keys(self.porch))
        nobody = quoted(f"@nobody:{self.synapse.name}")
        self.assertEqual(self.alice.ask("GET", f"/_matrix/client/v3/profile/{nobody}")[0], 404)

    def test_synapse_reads_a_profile_of_porchlight(self):
        """By a signed request: we ask Synapse for its key, and believe it."""
        self.alice.ask("PUT", "/_matrix/client/v3/profile/{me}/displayname", {"displayname": "Alice of the porch"})
        before = self.count("requests_total", "verified")
        code, profile = self.bob.ask("GET", f"/_matrix/client/v3/profile/{quoted(self.alice.id)}")
        self.assertEqual((code, profile.get("displayname")), (200, "Alice of the porch"))
        self.assertEqual(self.count("requests_total", "verified"), before + 1)
        self.assertGreaterEqual(self.count("key_fetches_total"), 1)
        nobody = quoted(f"@nobody:{self.porch.name}")
        self.assertEqual(self.bob.ask("GET", f"/_matrix/client/v3/profile/{nobody}")[0], 404)

    def test_porchlight_takes_a_transaction_of_synapse(self):
        """A message to a device makes Synapse send one, without a room in common."""
        before = self.count("received_total")
        code, answer = self.bob.ask("PUT", "/_matrix/client/v3/sendToDevice/m.test/1", {
            "messages": {self.alice.id: {"*": {"hello": "porch"}}}})
        self.assertEqual(code, 200, answer)
        eventually("the transaction comes", lambda: self.count("received_total") > before)
        eventually("Synapse sees it answered", lambda: self.synapse.logged(
            f"TX [{self.porch.name}]", "got 200 response"))
        self.assertEqual(self.count("requests_total", "refused"), 0)

    def test_porchlight_believes_no_message_that_only_a_server_may_make(self):
        before = self.count("edus_received_total", "forged")
        self.bob.ask("PUT", "/_matrix/client/v3/sendToDevice/m.presence_invite/2", {
            "messages": {self.alice.id: {"*": {"observer_user": self.bob.id, "observed_user": self.alice.id}}}})
        eventually("it is counted", lambda: self.count("edus_received_total", "forged") > before)
        self.alice.sync()
        self.assertNotIn(("m.presence_invite", self.bob.id), self.alice.letters)

    def test_synapse_takes_our_invite_though_it_has_no_lists(self):
        dave = self.porch.register("dave")
        before = self.count("transactions_total", "delivered")
        self.assertEqual(dave.invite(self.bob.id)[0], 200)
        eventually("it is delivered", lambda: self.count("transactions_total", "delivered") > before)
        eventually("nothing waits", lambda: self.count("list_messages_waiting") == 0)
        self.assertTrue(self.synapse.logged("Received txn", f"from {self.porch.name}. (PDUs: 0, EDUs: 1)"))
        self.assertTrue(self.synapse.logged("No handler registered for EDU type m.presence_invite"))
        self.assertFalse(dave.list()[self.bob.id]["accepted"])

    def test_synapse_takes_our_presence(self):
        """Its own database tells what it took, since it shows nobody who is in no room with them."""
        erin = self.porch.register("erin")
        self.say_as_synapse("m.presence_invite", observer_user=self.bob.id, observed_user=erin.id)
        erin.hears("the invite", lambda: ("m.presence_invite", self.bob.id) in erin.letters)
        self.assertEqual(erin.answer(accept=[self.bob.id])[0], 200)

        def believed():
            return self.synapse.rows("SELECT state, status_msg FROM presence_stream WHERE user_id = ?", erin.id)
        for put, taken in (({"presence": "online", "status_msg": "on the porch"}, ("online", "on the porch")),
                           ({"presence": "unavailable"}, ("unavailable", "on the porch")),
                           ({"presence": "busy", "status_msg": "in a call"}, ("online", "in a call")),
                           ({"presence": "offline", "status_msg": ""}, ("offline", None))):
            with self.subTest(put):
                erin.put(**put)
                eventually(f"Synapse has {taken}", lambda: taken in believed())

    def test_porchlight_shows_the_presence_that_synapse_sends(self):
        self.carol.sync()
        self.assertEqual(self.carol.invite(self.bob.id)[0], 200)
        eventually("the invite is delivered", lambda: self.count("list_messages_waiting") == 0)
        before = self.count("presence_items_total", "unobserved")
        self.bob.put(presence="online", status_msg="not yet")
        eventually("a push before the acceptance is dropped",
                   lambda: self.count("presence_items_total", "unobserved") > before)
        self.say_as_synapse("m.presence_accept", observer_user=self.carol.id, observed_user=self.bob.id)
        self.carol.hears("the acceptance", lambda: ("m.presence_accept", self.bob.id) in self.carol.letters)
        self.bob.put(presence="online", status_msg="in Synapse")
        self.carol.sees(self.bob.id, presence="online", status_msg="in Synapse")
        self.bob.put(presence="unavailable", status_msg="gone for tea")
        self.carol.sees(self.bob.id, presence="unavailable", status_msg="gone for tea")
        self.bob.put(presence="offline")
        self.carol.sees(self.bob.id, presence="offline")

    def test_federation_check_walks_to_synapse(self):
        binary, *rest = self.porch.arguments
        settings = [part for flag, value in zip(rest, rest[1:]) if flag == "--set" and value.startswith("federation.")
                    for part in (flag, value)]
        made = subprocess.run(
            [binary, "federation", "check", self.synapse.name, "--data", self.porch.folder.name,
             "--server-name", self.porch.name, *settings], capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        self.assertIn("it is Synapse", made.stdout)
        for key_id in self.own_keys(self.synapse):
            self.assertIn(key_id, made.stdout)


if __name__ == "__main__":
    unittest.main()
