"""A real Synapse in the chroot that tools/dev/synapse.sh made: start, ask, stop."""
import os
import pathlib
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import textwrap
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "federation"))
from peers import User, eventually, free_port, request  # noqa: E402
from signed_json import raw, unpadded  # noqa: E402

ROOT = pathlib.Path(os.environ["PORCHLIGHT_SYNAPSE_ROOT"])
NOBODY = 65534  # in every Debian

CONFIG = """
server_name: "{name}"
signing_key_path: {inside}/signing.key
log_config: {inside}/log.yaml
media_store_path: {inside}/media
pid_file: {inside}/synapse.pid
database: {{name: sqlite3, args: {{database: {inside}/synapse.db}}}}
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: true, resources: [{{names: [client, federation]}}]}}
tls_certificate_path: {inside}/tls.pem
tls_private_key_path: {inside}/tls.key
federation_custom_ca_list: [{inside}/ca.pem]
ip_range_blacklist: []
federation_ip_range_blacklist: []
trusted_key_servers: []
suppress_key_server_warning: true
enable_registration: true
enable_registration_without_verification: true
macaroon_secret_key: only-for-this-test
form_secret: only-for-this-test
report_stats: false
rc_presence: {{per_user: {{per_second: 1000, burst_count: 1000}}}}
presence: {{enabled: true}}
modules: [{{module: routes.Routes, config: {{to: "{presence_to}"}}}}]
"""

LOG = """
version: 1
formatters: {{plain: {{format: '%(asctime)s %(name)s %(levelname)s %(message)s'}}}}
handlers: {{file: {{class: logging.FileHandler, filename: {inside}/synapse.log, formatter: plain}}}}
root: {{level: INFO, handlers: [file]}}
disable_existing_loggers: false
"""

# Synapse has no presence lists: without a room in common it tells another server of presence only where
# a module says so.
ROUTES = """
class Routes:
    def __init__(self, config, api):
        self.to = config["to"]
        api.register_presence_router_callbacks(
            get_users_for_states=self.users_for, get_interested_users=self.interested)

    async def users_for(self, states):
        return {self.to: set(states)} if self.to else {}

    async def interested(self, user_id):
        return set()
"""


class Synapse:
    """Named localhost:PORT, with TLS for clients and servers alike. Tells `presence_to`, a user of another
    server, of the presence of everybody."""

    def __init__(self, authority, certificate, key, presence_to=""):
        self.port = free_port()
        self.name = f"localhost:{self.port}"
        self.url = f"https://{self.name}"
        self.context = ssl.create_default_context(cafile=str(authority))
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="synapse-", dir=ROOT / "tmp"))
        self.inside = f"/tmp/{self.home.name}"
        for source, name in ((authority, "ca.pem"), (certificate, "tls.pem"), (key, "tls.key")):
            shutil.copy(source, self.home / name)
        facts = {"name": self.name, "port": self.port, "inside": self.inside, "presence_to": presence_to}
        (self.home / "homeserver.yaml").write_text(CONFIG.format(**facts))
        (self.home / "log.yaml").write_text(LOG.format(**facts))
        (self.home / "routes.py").write_text(textwrap.dedent(ROUTES))
        for path in (self.home, *self.home.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        self.process = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        command = ["chroot", f"--userspec={NOBODY}:{NOBODY}", str(ROOT), "/usr/bin/env", "-i", "-C", self.inside,
                   "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", f"PYTHONPATH={self.inside}",
                   "/usr/bin/python3", "-B", "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
        made = subprocess.run([*command, "--generate-keys"], capture_output=True, text=True)
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        with open(self.home / "output", "w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        # It makes its database first, which takes a while.
        eventually("Synapse answers", self.is_up, 180)

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("Synapse ended: " + (self.home / "output").read_text()[-4000:])
        try:
            return self.ask("GET", "/_matrix/client/versions")[0] == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home)

    def log(self):
        return (self.home / "synapse.log").read_text().splitlines()

    def logged(self, *parts):
        """A line of its log with all of these in it."""
        return next((line for line in self.log() if all(part in line for part in parts)), None)

    def rows(self, query, *values):
        """From its own database: what it believes, whatever it tells clients."""
        database = sqlite3.connect(f"file:{self.home}/synapse.db?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def keys_of(self, server):
        """What it took for the keys of another server: key id to key in base64."""
        return {key_id: unpadded(bytes(key)) for key_id, key in self.rows(
            "SELECT key_id, verify_key FROM server_signature_keys WHERE server_name = ?", server)}

    def signing_key(self):
        """(key id, seed), to say in its name what Synapse itself has no words for."""
        algorithm, version, seed = (self.home / "signing.key").read_text().split()
        return f"{algorithm}:{version}", raw(seed)

    def ask(self, method, path, body=None, token=None, headers=None):
        return request(method, self.url + path, body, token, headers, self.context)

    def register(self, name):
        status, user = self.ask("POST", "/_matrix/client/v3/register", {
            "username": name, "password": "wonderland", "auth": {"type": "m.login.dummy"}})
        assert status == 200, user
        return User(self, user["user_id"], user["access_token"])
