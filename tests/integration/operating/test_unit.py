"""The systemd unit: how much it takes away, and that the server works with what is left."""
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from confined import allowed_calls, confine
from real_server import PATIENCE, Server, quoted

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "packaging" / "systemd"
UNIT = (FOLDER / "porchlight.service").read_text()
EXPOSURE_MAX = 2.0
CLIENT = "/_matrix/client/v3"
NOBODY = 65534


def picture(side):
    """A PNG in one colour, with noise in none of its pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x20\x80\xc0" * side for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def systemd_analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode, done.stdout


class Unit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)

    def exposure(self, text):
        unit = self.folder / "porchlight.service"
        unit.write_text(text)
        said = systemd_analyze("security", "--offline=true", unit)[1]
        return float(re.search(r"Overall exposure level for \S+: (\S+)", said).group(1))

    def test_it_exposes_little(self):
        self.assertLess(self.exposure(UNIT), EXPOSURE_MAX)
        drop_in = (FOLDER / "low-ports.conf").read_text()
        self.assertLess(self.exposure(UNIT + drop_in), EXPOSURE_MAX, "with low ports as well")
        self.assertGreater(self.exposure(re.sub(r"(?m)^(SystemCallFilter|CapabilityBoundingSet)=.*\n", "", UNIT)),
                           EXPOSURE_MAX, "the measure measures")

    def test_systemd_understands_every_line(self):
        for more in ("", (FOLDER / "low-ports.conf").read_text()):
            unit = self.folder / "porchlight.service"
            unit.write_text(UNIT.replace("/usr/bin/porchlight", "/bin/true") + more)
            self.assertEqual(systemd_analyze("verify", "--man=no", unit), (0, ""))

    def test_the_filter_here_is_that_of_the_unit(self):
        calls = allowed_calls(UNIT)
        self.assertLessEqual({"epoll_wait", "fsync", "mmap", "linkat", "accept4", "prlimit64"}, calls)
        self.assertFalse({"mount", "ptrace", "setuid", "chown", "bpf", "setpriority"} & calls)
        tries = ("import mmap, socket, os\n"
                 "for what in (lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC), lambda: os.chroot('/'),\n"
                 "             lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)):\n"
                 "    try:\n        what()\n        print('may')\n    except PermissionError:\n        print('may not')\n")
        said = subprocess.run([sys.executable, "-c", tries], preexec_fn=confine(UNIT, NOBODY), capture_output=True,
                              text=True)
        self.assertEqual(said.stdout.split("\n"), ["may not"] * 3 + [""], said.stderr)

    def test_the_server_works_under_it(self):
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        # Below a folder that the user may not read nothing can be started.
        binary = self.folder / "porchlight"
        shutil.copy(os.environ["PORCHLIGHT_BINARY"], binary)
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.bind(str(self.folder / "notify"))
        os.chmod(self.folder / "notify", 0o777)
        told.settimeout(PATIENCE)
        server = Server(data, "server.threads=3", binary=binary, environment={"NOTIFY_SOCKET": str(self.folder / "notify")},
                        preexec_fn=confine(UNIT, NOBODY))
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
        self.assertIn("Seccomp:\t2", status)
        self.assertEqual(told.recv(100), b"READY=1")

        alice, bob = server.register("alice"), server.register("bob")
        room = server.ask("POST", CLIENT + "/createRoom", {"preset": "public_chat"}, alice)[1]["room_id"]
        self.assertEqual(server.ask("POST", CLIENT + "/join/" + quoted(room), {}, bob)[0], 200)
        sent = server.ask("PUT", "%s/rooms/%s/send/m.room.message/1" % (CLIENT, quoted(room)),
                          {"msgtype": "m.text", "body": "hello"}, alice)
        self.assertEqual(sent[0], 200, sent)
        self.assertEqual(server.ask("PUT", CLIENT + "/presence/@alice:porch.test/status",
                                    {"presence": "online", "status_msg": "confined"}, alice)[0], 200)
        seen = server.ask("GET", CLIENT + "/sync?timeout=0", token=bob)[1]["presence"]["events"]
        self.assertIn("confined", [e["content"].get("status_msg") for e in seen])
        media = server.ask("POST", "/_matrix/media/v3/upload?filename=a.png", picture(700), alice,
                           {"Content-Type": "image/png"})[1]["content_uri"][len("mxc://"):]
        small, image = server.ask("GET", "/_matrix/client/v1/media/thumbnail/%s?width=96&height=96&method=crop" % media,
                                  token=bob)
        self.assertEqual((small, image[:3]), (200, b"\xff\xd8\xff"), "libvips works without writable code")

        server.process.send_signal(signal.SIGHUP)
        self.assertEqual([told.recv(100), told.recv(100)], [b"RELOADING=1", b"READY=1"])
        metrics = server.ask("GET", "/metrics")[1].decode()
        self.assertIn("porchlight_reloads_total 1", metrics)
        self.assertIn("porchlight_store_failures_total 0", metrics)
        server.stop()
        self.assertEqual(told.recv(100), b"STOPPING=1")
        log = server.log_text()
        self.assertNotIn("not permitted", log)
        self.assertNotIn(" error ", log)

    def test_the_paths_are_those_of_the_package(self):
        self.assertIn("ExecStart=/usr/bin/porchlight serve --config /etc/porchlight/porchlight.toml\n", UNIT)
        self.assertIn("StateDirectory=porchlight\n", UNIT)
        self.assertNotIn("--data", UNIT, "porchlight backup --config finds what the server has")


if __name__ == "__main__":
    unittest.main()
