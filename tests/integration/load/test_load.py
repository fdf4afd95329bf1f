#!/usr/bin/env python3
"""porchlight-load against the real server, and against a fake one with faults that it has to find.
PORCHLIGHT_BINARY names the server; the load generator lies beside it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "federation")]
from authority import make_authority, make_certificate  # noqa: E402
from fake_server import FakeServer  # noqa: E402

SERVER = os.environ["PORCHLIGHT_BINARY"]
LOAD = str(pathlib.Path(SERVER).with_name("porchlight-load"))
SHORT = ["--duration", "1", "--rate", "40", "--connections-per-second", "10000"]


class Load(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-load-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def load(self, url, *arguments, status=0, settle=30):
        """The figures of a load that ends with this status."""
        figures = self.folder / "figures.json"
        done = subprocess.run([LOAD, url, *SHORT, "--settle", str(settle), "--json", str(figures), *arguments],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.table, self.progress = done.stdout, done.stderr
        text = figures.read_text() if figures.exists() else ""
        return json.loads(text) if text else None

    def fake(self, **faults):
        server = FakeServer(**faults)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server


class RealServer(Load):
    def start(self, *arguments, listen=("--listen", "127.0.0.1:0")):
        command = [SERVER, "serve", "--data", str(self.folder / "data"), *listen, "--open-registration",
                   "--set", "accounts.argon2_ops=1", "--set", "accounts.argon2_memory=8KiB",
                   "--set", "rate_limits.enabled=false", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.stop)
        return re.fullmatch(r"ready (https?://127\.0\.0\.1:\d+)\n", self.process.stdout.readline())[1]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def check(self, figures):
        counts = figures["counts"]
        self.assertGreater(counts["deliveries"], 0)
        self.assertEqual(counts["changes_acknowledged"], counts["changes_due"])
        for none in ("lost", "changes_failed", "backwards", "unexpected", "refused", "broken", "rate_limited"):
            self.assertEqual(counts[none], 0, f"{none}: {figures['first_problem']}")
        self.assertEqual(figures["milliseconds"]["delivery"]["count"], counts["deliveries"])
        self.assertEqual(sum(i["deliveries"] for i in figures["timeline"]), counts["deliveries"])

    def test_each_topology_delivers_and_loses_nothing(self):
        url = self.start()
        for topology, pairs_of_a_change in (("hall", 29), ("teams", 9), ("lists", None)):
            with self.subTest(topology=topology):
                figures = self.load(url, "--users", "30", "--topology", topology, "--room-size", "10",
                                    "--list-size", "7", "--pid", str(self.process.pid))
                self.check(figures)
                counts = figures["counts"]
                if pairs_of_a_change:  # each state reached each observer, or was replaced on the way
                    self.assertEqual(counts["deliveries"] + counts["replaced"],
                                     counts["changes_acknowledged"] * pairs_of_a_change)
                self.assertGreater(figures["server"]["resident_bytes_at_end"], 1_000_000)
        with self.subTest(topology="none"):
            counts = self.load(url, "--users", "5", "--topology", "none")["counts"]
            self.assertGreater(counts["changes_acknowledged"], 0)
            self.assertEqual((counts["deliveries"], counts["lost"]), (0, 0))

    def test_several_processes_add_up(self):
        figures = self.load(self.start(), "--users", "30", "--publishers", "5", "--processes", "3")
        self.check(figures)
        self.assertEqual(figures["processes"], 3)
        counts = figures["counts"]
        self.assertEqual(counts["deliveries"] + counts["replaced"], counts["changes_acknowledged"] * 29)
        self.assertEqual(figures["milliseconds"]["first_sync"]["count"], 30)

    def test_users_come_in_a_rush_and_come_back(self):
        url = self.start()
        figures = self.load(url, "--users", "40", "--scenario", "rush", "--within", "1")
        self.check(figures)
        self.assertEqual(figures["milliseconds"]["first_sync"]["count"], 40)
        figures = self.load(url, "--users", "40", "--scenario", "reconnect", "--within", "1", "--processes", "2")
        self.check(figures)
        self.assertEqual(figures["milliseconds"]["comeback"]["count"], 40)

    def test_the_same_users_can_be_used_again(self):
        url = self.start()
        for _ in range(2):
            self.check(self.load(url, "--users", "10", "--prefix", "walrus"))
        self.assertIn("logging users in", self.progress)
        self.load(url, "--users", "10", "--prefix", "walrus", "--password", "other", status=3)
        self.assertRegex(self.progress, r"walrus0 could be neither registered nor logged in.*M_USER_IN_USE")

    def test_a_picture_is_drawn(self):
        picture = self.folder / "latency.svg"
        self.check(self.load(self.start(), "--users", "10", "--svg", str(picture)))
        lines = xml.parse(picture).getroot().findall("{http://www.w3.org/2000/svg}path")
        self.assertEqual(len(lines), 3)

    def test_over_tls_with_a_certificate_that_is_believed(self):
        authority = make_authority(self.folder)
        certificate, key = make_certificate(self.folder, authority, "server")
        url = self.start("--tls-cert", str(certificate), "--tls-key", str(key), "--set", "server.listen=[]",
                         listen=("--listen-tls", "127.0.0.1:0"))
        self.assertTrue(url.startswith("https://"))
        self.check(self.load(url, "--users", "20", "--ca", str(authority)))
        self.check(self.load(url, "--users", "20", "--insecure"))
        self.load(url, "--users", "20", status=3)
        self.assertRegex(self.progress, "no TLS connection: .*certificate")

    def test_interrupted_it_tells_what_there_is(self):
        command = [LOAD, self.start(), "--users", "10", "--duration", "600", "--rate", "100"]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            while not re.search(r"changes, seconds .* [1-9]\d* deliveries", load.stderr.readline()):
                self.assertIsNone(load.poll())
            load.send_signal(signal.SIGINT)
            table, _ = load.communicate(timeout=60)
        finally:
            load.kill()
        self.assertEqual(load.returncode, 0, table)
        self.assertIn("interrupted", table)
        self.assertRegex(table, r"LOST FINAL STATES +0\n")

    def test_a_server_that_dies_is_told(self):
        command = [LOAD, self.start(), "--users", "10", "--duration", "600", "--pid", str(self.process.pid)]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            while "changes, seconds" not in load.stderr.readline():
                self.assertIsNone(load.poll())
            self.process.kill()
            self.process.wait()
            load.send_signal(signal.SIGINT)
            table, _ = load.communicate(timeout=60)
        finally:
            load.kill()
        self.assertEqual(load.returncode, 3, table)
        self.assertIn("there is no process", table)
        self.assertRegex(table, "first problem: .*the server closed|cannot connect")


class FaultyServer(Load):
    USERS = ["--users", "6", "--publishers", "2", "--pacing", "fixed"]

    def test_without_a_fault_nothing_is_lost(self):
        counts = self.load(self.fake().url, *self.USERS)["counts"]
        self.assertEqual(counts["changes_acknowledged"], 40)
        self.assertEqual(counts["deliveries"] + counts["replaced"], 40 * 5)
        self.assertEqual(counts["lost"], 0)

    def test_a_lost_state_is_found(self):
        for processes in ("1", "2"):
            figures = self.load(self.fake(deaf=4).url, *self.USERS, "--processes", processes, settle=5, status=1)
            self.assertEqual(figures["counts"]["lost"], 1)
            self.assertEqual(figures["lost_examples"], [{"user": 4, "publisher": 0, "held": 0, "last": 20}])
            self.assertIn("user 4 holds state 0 of publisher 0, whose last is 20", self.table)

    def test_a_state_that_goes_backwards_is_found(self):
        figures = self.load(self.fake(backwards=3).url, *self.USERS, settle=5, status=1)
        self.assertGreater(figures["counts"]["backwards"], 0)
        self.assertEqual(figures["lost_examples"], [{"user": 3, "publisher": 0, "held": 1, "last": 20}])

    def test_who_is_asked_to_wait_waits(self):
        server = self.fake(busy=2)
        figures = self.load(server.url, *self.USERS)
        self.assertEqual(figures["counts"]["lost"], 0)
        self.assertEqual(figures["counts"]["changes_acknowledged"], 40)
        self.assertEqual(figures["counts"]["rate_limited"], 2)
        self.assertEqual(figures["setup_rate_limited"], 2)
        # The wait is a part of the latency of what was refused.
        self.assertGreaterEqual(figures["milliseconds"]["acknowledgement"]["max"], 1000)

    def test_chunks_and_connections_that_end_are_no_obstacle(self):
        for fault in ("chunked", "hang_up"):
            counts = self.load(self.fake(**{fault: True}).url, *self.USERS)["counts"]
            self.assertEqual((counts["lost"], counts["broken"], counts["refused"]), (0, 0, 0), fault)
            self.assertGreater(counts["deliveries"], 0)

    def test_registration_in_stages(self):
        figures = self.load(self.fake(token="open sesame").url, *self.USERS, "--registration-token", "open sesame")
        self.assertEqual(figures["counts"]["lost"], 0)
        self.load(self.fake(token="open sesame").url, *self.USERS, status=3)
        self.assertIn("could be neither registered nor logged in", self.progress)

    def test_users_that_exist_log_in(self):
        server = self.fake(exists=True)
        self.load(server.url, *self.USERS, "--password", "wonderland")
        self.assertEqual(server.asked.count("/_matrix/client/v3/register"), 1, "the first one showed that they exist")

    def test_a_server_without_lists_says_what_else_there_is(self):
        self.load(self.fake().url, *self.USERS, "--topology", "lists", status=3)
        self.assertRegex(self.progress, "--topology lists: this server has no presence lists.*hall, teams and none")


if __name__ == "__main__":
    unittest.main(verbosity=2)
