"""Signals at the worst moments: the server ends cleanly and reloads, whatever it is doing just then."""
import pathlib
import signal
import tempfile
import unittest

from real_server import Server


class Signals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-signals-")
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name, "data")

    def start(self):
        server = Server(self.data)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        return server

    def test_a_stop_at_the_moment_of_being_ready_is_clean(self):
        for _ in range(20):
            self.start().stop()
        self.assertNotIn("the last run was killed", self.start().log_text())

    def test_reloads_on_top_of_each_other_end_nothing(self):
        server = self.start()
        for _ in range(2000):
            server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.ask("GET", "/health")[0], 200)
        server.stop()


if __name__ == "__main__":
    unittest.main()
