"""./dev bench beside: porchlight-load against Porchlight and against the real Synapse, in turns.

Both on one core, the load on the other; presence on, limits on requests off, passwords hashed cheaply, which is not
measured. Synapse is Debian's package of the suite unstable (tools/dev/synapse.sh), one process with SQLite, as it comes; a large
installation gives it PostgreSQL and processes of its own for presence, which share the work and don't lessen it.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from client import CLIENT_CORE, SERVER_CORE, Server
from results import figure

TREE = pathlib.Path(__file__).parent.parent
LOAD = TREE / "build" / "release" / "porchlight-load"
ROOT = TREE / "build" / "synapse" / "root"
NOBODY = 65534  # in every Debian
ROUNDS = 3
LOST = "states lost"

# One room with everybody in it: each change is for everybody. Low enough for Synapse to keep up.
HALLS = {"hall of 100, 2 changes a second": ["--users", "100", "--rate", "2"],
         "100 who wait, nothing changes": ["--users", "100", "--rate", "0"]}
SECONDS = ["--duration", "30", "--settle", "30", "--pacing", "fixed", "--connections-per-second", "10",
           "--setup-connections", "4"]

CONFIG = """
server_name: "localhost"
signing_key_path: {inside}/signing.key
log_config: {inside}/log.yaml
media_store_path: {inside}/media
pid_file: {inside}/synapse.pid
database: {{name: sqlite3, args: {{database: {inside}/synapse.db}}}}
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{{names: [client]}}]}}
trusted_key_servers: []
suppress_key_server_warning: true
enable_registration: true
enable_registration_without_verification: true
bcrypt_rounds: 4
macaroon_secret_key: only-for-this-bench
form_secret: only-for-this-bench
report_stats: false
presence: {{enabled: true}}
rc_message: &free {{per_second: 100000, burst_count: 100000}}
rc_registration: *free
rc_login: {{address: *free, account: *free, failed_attempts: *free}}
rc_joins: {{local: *free, remote: *free}}
rc_joins_per_room: *free
rc_room_creation: *free
rc_presence: {{per_user: *free}}
"""

LOG = """
version: 1
handlers: {{file: {{class: logging.FileHandler, filename: {inside}/synapse.log}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""


class Synapse:
    """Ready to be asked, on the servers' core."""

    def __init__(self, port):
        self.port = port
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="synapse-bench-", dir=ROOT / "tmp"))
        inside = f"/tmp/{self.home.name}"
        (self.home / "homeserver.yaml").write_text(CONFIG.format(inside=inside, port=port))
        (self.home / "log.yaml").write_text(LOG.format(inside=inside))
        for path in (self.home, *self.home.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        command = ["taskset", "-c", str(SERVER_CORE), "chroot", f"--userspec={NOBODY}:{NOBODY}", str(ROOT),
                   "/usr/bin/env", "-i", "-C", inside, "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                   "/usr/bin/python3", "-B", "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
        subprocess.run([*command, "--generate-keys"], check=True, capture_output=True)
        with open(self.home / "output", "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + 180
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.home / "output").read_text()[-2000:]
                self.stop()
                raise SystemExit(f"bench/run: Synapse did not start:\n{said}")
            time.sleep(0.2)

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_matrix/client/versions", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home)


def load(server, arguments):
    """The figures of one run, as porchlight-load gives them."""
    with tempfile.NamedTemporaryFile(suffix=".json") as figures:
        done = subprocess.run(
            ["taskset", "-c", str(CLIENT_CORE), LOAD, f"http://127.0.0.1:{server.port}", *arguments, *SECONDS,
             "--pid", str(server.process.pid), "--json", figures.name],
            capture_output=True, text=True, check=False)
        # 1: states were lost, which is a figure.
        if done.returncode not in (0, 1):
            raise SystemExit(f"bench/run: porchlight-load: {done.stdout}{done.stderr}")
        return json.load(open(figures.name, encoding="utf-8"))


def figures_of(run):
    """{(figure, unit): value}"""
    server = run["server"]
    found = {("CPU", "ms a second"): server["cpu_seconds_per_second"] * 1e3,
             ("memory", "MB"): server["resident_bytes_at_end"] / 1e6,
             (LOST, ""): run["counts"]["lost"]}
    if run["counts"]["deliveries"]:
        delivery = run["milliseconds"]["delivery"]
        found |= {("CPU a delivered state", "us"): server["cpu_us_per_delivery"],
                  ("a change until it is seen, p50", "ms"): delivery["p50"],
                  ("a change until it is seen, p99", "ms"): delivery["p99"]}
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def beside(bench):
    """The same load on both, Synapse as the yardstick. A ratio of 0.01: a hundredth of what Synapse takes."""
    if not (TREE / "build" / "synapse" / "installed").exists():
        raise SystemExit("there is no Synapse here; tools/dev/synapse.sh installs one, as root")
    data = tempfile.mkdtemp(prefix="porchlight-bench-")
    servers, taken = [], {}
    try:
        servers.append(Server([bench.binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--open-registration",
                               "--set", "rate_limits.enabled=false", "--set", "accounts.argon2_ops=1",
                               "--set", "accounts.argon2_memory=8KiB"]))
        servers.append(Synapse(free_port()))
        for turn in range(ROUNDS):
            for hall, arguments in HALLS.items():
                for server in servers:
                    for what, value in figures_of(load(server, arguments)).items():
                        taken.setdefault((hall, *what), {}).setdefault(server, []).append(value)
                print(f"    {turn + 1}/{ROUNDS} {hall}", file=sys.stderr)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(data)
    ours, theirs = servers
    rows = []
    for (hall, what, unit), values in taken.items():
        name = f"beside Synapse, {hall}: {what}"
        if what == LOST:  # most often 0, of which there is no ratio
            rows += [figure(name, values[ours], unit, must=0, more_is_better=False),
                     figure(f"{name} by Synapse", values[theirs], unit, more_is_better=False)]
        else:
            rows.append(figure(name, values[ours], unit, yardstick=values[theirs], more_is_better=False))
    return rows
