"""Two real Porchlights with certificates of a test authority: lists and presence between them."""
import pathlib
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from authority import make_authority, make_certificate  # noqa: E402
from peers import Server, eventually  # noqa: E402

FAST = ("federation.push_window=0s", "presence.window=0s")


class TwoServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.authority = make_authority(cls.folder.name)
        cls.certificate, cls.key = make_certificate(cls.folder.name, cls.authority, "server")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def serve(self, *settings, authority=None, certificate=None, key=None):
        server = Server(authority or self.authority, certificate or self.certificate, key or self.key,
                        *FAST, *settings)
        self.addCleanup(server.stop)
        return server

    def two(self, *settings):
        near, far = self.serve(*settings), self.serve()
        return near, far, near.register("alice"), far.register("bob")

    def befriend(self, alice, bob):
        self.assertEqual(alice.invite(bob.id)[0], 200)
        bob.hears("the invite", lambda: ("m.presence_invite", alice.id) in bob.letters)
        self.assertEqual(bob.answer(accept=[alice.id])[0], 200)
        alice.hears("the acceptance", lambda: ("m.presence_accept", bob.id) in alice.letters)

    def test_the_whole_story_between_two_servers(self):
        _, far, alice, bob = self.two()
        alice.sync()
        self.befriend(alice, bob)
        bob.put(presence="online", status_msg="on the other porch")
        alice.sees(bob.id, presence="online", status_msg="on the other porch", currently_active=True)
        bob.put(presence="free_for_chat", status_msg="")
        alice.sees(bob.id, presence="free_for_chat", status_msg=None)
        code, _ = bob.ask("PUT", "/_matrix/client/v3/profile/{me}/displayname", {"displayname": "Bob"})
        self.assertEqual(code, 200)
        alice.sees(bob.id, displayname="Bob", presence="free_for_chat")
        row = alice.list()[bob.id]
        self.assertTrue(row["accepted"])
        self.assertEqual(row["content"]["displayname"], "Bob")
        code, status = alice.ask("GET", f"/_matrix/client/v3/presence/{urllib.parse.quote(bob.id)}/status")
        self.assertEqual((code, status["presence"]), (200, "free_for_chat"))
        # Bob sees nothing of Alice: she never accepted anybody.
        self.assertEqual(bob.ask("GET", f"/_matrix/client/v3/presence/{urllib.parse.quote(alice.id)}/status")[0], 404)
        bob.answer(revoke=[alice.id])
        alice.sees(bob.id, presence="offline", status_msg=None)
        self.assertFalse(alice.list()[bob.id]["accepted"])
        pushes = far.metric("porchlight_federation_pushes_total")
        bob.put(presence="online", status_msg="not for Alice")
        alice.drop(bob.id)
        eventually("the withdrawal is delivered", lambda: far.metric("porchlight_federation_received_total") >= 2)
        self.assertEqual(far.metric("porchlight_federation_pushes_total"), pushes)

    def test_an_invite_waits_for_a_server_that_was_killed(self):
        near, far, alice, bob = self.two()
        far.kill()
        self.assertEqual(alice.invite(bob.id)[0], 200)
        eventually("it is tried", lambda: near.metric("porchlight_federation_transactions_total", "failed") >= 1)
        near.kill()  # the invite was answered: it is on the disk
        near.start()
        far.start()
        bob.hears("the invite", lambda: ("m.presence_invite", alice.id) in bob.letters)
        eventually("it is delivered", lambda: near.metric("porchlight_federation_list_messages_waiting") == 0)

    def test_a_restart_of_either_side_leaves_no_stale_state(self):
        near, far, alice, bob = self.two()
        self.befriend(alice, bob)
        bob.put(presence="online", status_msg="before")
        alice.sees(bob.id, presence="online", status_msg="before")
        near.kill()
        near.start()
        alice.since, alice.presence = None, {}
        alice.sees(bob.id, status_msg="before")
        bob.put(presence="unavailable", status_msg="after")
        alice.sees(bob.id, presence="unavailable", status_msg="after")
        far.kill()
        far.start()
        bob.put(presence="online", status_msg="again")
        alice.sees(bob.id, presence="online", status_msg="again")

    def test_profiles_are_asked_for_with_a_signature(self):
        near, far, alice, bob = self.two()
        bob.ask("PUT", "/_matrix/client/v3/profile/{me}/displayname", {"displayname": "Bob"})
        code, profile = alice.ask("GET", f"/_matrix/client/v3/profile/{urllib.parse.quote(bob.id)}")
        self.assertEqual((code, profile), (200, {"displayname": "Bob"}))
        self.assertEqual(far.metric("porchlight_federation_requests_total", "verified"), 1)
        nobody = urllib.parse.quote(f"@nobody:{far.name}")
        self.assertEqual(alice.ask("GET", f"/_matrix/client/v3/profile/{nobody}")[0], 404)
        code, error = far.ask_as_server("GET", f"/_matrix/federation/v1/query/profile?user_id={urllib.parse.quote(bob.id)}")
        self.assertEqual((code, error["errcode"]), (401, "M_UNAUTHORIZED"))

    def test_keys_and_version_are_there_for_everybody(self):
        near = self.serve()
        code, keys = near.ask_as_server("GET", "/_matrix/key/v2/server")
        self.assertEqual(code, 200)
        self.assertEqual(keys["server_name"], near.name)
        (key_id,) = keys["verify_keys"]
        self.assertRegex(key_id, r"^ed25519:\w+$")
        self.assertEqual(list(keys["signatures"]), [near.name])
        code, version = near.ask_as_server("GET", "/_matrix/federation/v1/version")
        self.assertEqual((code, version["server"]["name"]), (200, "Porchlight"))
        self.assertEqual(near.ask_as_server("GET", "/_matrix/federation/v1/query/directory?room_alias=x")[0], 404)
        self.assertEqual(near.ask_as_server("POST", "/_matrix/federation/v1/send/1", {})[0], 405)
        self.assertEqual(near.ask_as_server("GET", "/.well-known/matrix/server")[0], 404)
        named = self.serve("federation.well_known_server=matrix.example.org:443")
        self.assertEqual(named.ask_as_server("GET", "/.well-known/matrix/server"),
                         (200, {"m.server": "matrix.example.org:443"}))

    def test_who_does_not_sign_is_not_heard(self):
        near, far, alice, bob = self.two()
        transaction = {"origin": near.name, "pdus": [], "edus": [{"edu_type": "m.presence_invite", "content": {
            "observer_user": alice.id, "observed_user": bob.id}}]}
        key_id = next(iter(near.ask_as_server("GET", "/_matrix/key/v2/server")[1]["verify_keys"]))
        signature = "A" * 86

        def send(authorization):
            return far.ask_as_server("PUT", "/_matrix/federation/v1/send/1", transaction,
                                     {"Authorization": authorization} if authorization else {})[0]
        self.assertEqual(send(None), 401)
        self.assertEqual(send("Bearer x"), 401)
        forged = f'X-Matrix origin="{near.name}",key="{key_id}",sig="{signature}"'
        self.assertEqual(send(forged), 401)
        self.assertEqual(send(forged), 401, "also once the key is known")
        self.assertEqual(send(f'{forged},destination="{near.name}"'), 401)
        self.assertEqual(far.metric("porchlight_federation_requests_total", "verified"), 0)
        bob.sync()
        self.assertEqual(bob.letters, [])

    def test_a_certificate_of_nobody_known_is_refused(self):
        other = make_authority(self.folder.name, "Somebody else")
        certificate, key = make_certificate(self.folder.name, other, "foreign")
        near = self.serve()
        far = self.serve(authority=other, certificate=certificate, key=key)
        alice, bob = near.register("alice"), far.register("bob")
        alice.invite(bob.id)
        eventually("it is tried", lambda: near.metric("porchlight_federation_transactions_total", "failed") >= 1)
        eventually("the log says why", lambda: any("certificate" in line for line in near.log))
        bob.sync()
        self.assertEqual(bob.letters, [])

    def test_private_addresses_are_not_asked_unless_allowed(self):
        near, far, alice, bob = self.two("federation.allow_private_addresses=false")
        alice.invite(bob.id)
        eventually("it is tried", lambda: near.metric("porchlight_federation_transactions_total", "failed") >= 1)
        eventually("the log names the key",
                   lambda: any("federation.allow_private_addresses" in line for line in near.log))
        self.assertEqual(far.metric("porchlight_federation_received_total"), 0)

    def test_a_denied_server_is_not_heard_and_not_told(self):
        near, far, alice, bob = self.two("federation.deny=localhost:*")
        alice.invite(bob.id)
        bob.invite(alice.id)
        eventually("it is tried", lambda: far.metric("porchlight_federation_transactions_total", "failed") >= 1)
        alice.sync()
        self.assertEqual(alice.letters, [])
        self.assertEqual(near.metric("porchlight_federation_destinations_failing"), 0, "it does not even try")

    def test_the_key_is_the_same_after_a_restart_and_for_the_owner_alone(self):
        near = self.serve()
        key = pathlib.Path(near.folder.name) / "signing.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        before = near.ask_as_server("GET", "/_matrix/key/v2/server")[1]["verify_keys"]
        near.kill()
        near.start()
        self.assertEqual(near.ask_as_server("GET", "/_matrix/key/v2/server")[1]["verify_keys"], before)


if __name__ == "__main__":
    unittest.main()
