"""Real Porchlights that federate on this machine: start, ask, stop."""
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

BINARY = os.environ["PORCHLIGHT_BINARY"]
PATIENCE = 60  # seconds; on a busy machine things take their time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(what, probe, patience=PATIENCE):
    """What `probe` gives, once it is true."""
    end = time.monotonic() + patience
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen in {patience} s: {what}")
        time.sleep(0.05)


class Server:
    """One Porchlight, named localhost:PORT, with TLS for other servers and plain HTTP for clients."""

    def __init__(self, authority, certificate, key, *settings):
        self.port = free_port()
        self.name = f"localhost:{self.port}"
        self.authority = authority
        self.folder = tempfile.TemporaryDirectory()
        self.arguments = [
            BINARY, "serve", "--data", self.folder.name, "--listen", "127.0.0.1:0", "--open-registration",
            "--server-name", self.name]
        for setting in (f'server.listen_tls=["127.0.0.1:{self.port}"]', f"server.tls_cert={certificate}",
                        f"server.tls_key={key}", f"federation.ca_file={authority}",
                        "federation.allow_private_addresses=true", "accounts.argon2_ops=1",
                        "accounts.argon2_memory=8KiB", "log.level=debug", *settings):
            self.arguments += ["--set", setting]
        self.log = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=lambda p: self.log.extend(p.stderr), args=(self.process,), daemon=True)
        self.reader.start()
        for line in self.process.stdout:
            ready = re.match(r"ready (\S+)$", line)
            if ready:
                self.url = ready[1]
                return
        self.process.wait()
        self.reader.join()
        raise AssertionError("".join(self.log))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.reader.join()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.process.stdout.close()
        self.reader.join()
        self.process.stderr.close()
        self.folder.cleanup()

    def ask(self, method, path, body=None, token=None, headers=None):
        return request(method, self.url + path, body, token, headers)

    def ask_as_server(self, method, path, body=None, headers=None):
        """Over TLS, as another server does."""
        context = ssl.create_default_context(cafile=str(self.authority))
        return request(method, f"https://{self.name}{path}", body, None, headers, context)

    def register(self, name):
        status, user = self.ask("POST", "/_matrix/client/v3/register", {
            "username": name, "password": "wonderland", "auth": {"type": "m.login.dummy"}})
        assert status == 200, user
        return User(self, user["user_id"], user["access_token"])

    def metric(self, name, label=""):
        with urllib.request.urlopen(self.url + "/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name) and label in line and line[len(name)] in " {":
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {name}")


def request(method, url, body=None, token=None, headers=None, context=None):
    made = urllib.request.Request(url, method=method, headers=headers or {},
                                  data=None if body is None else json.dumps(body).encode())
    if token:
        made.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(made, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


class User:
    """A client of one account: what it heard by /sync, and what it does."""

    def __init__(self, server, user_id, token):
        self.server, self.id, self.token = server, user_id, token
        self.since = None
        self.presence = {}
        self.letters = []

    def path(self, text):
        return text.replace("{me}", urllib.parse.quote(self.id))

    def ask(self, method, path, body=None):
        return self.server.ask(method, self.path(path), body, self.token)

    def sync(self, timeout=0):
        since = f"&since={self.since}" if self.since else ""
        status, answer = self.ask("GET", f"/_matrix/client/v3/sync?timeout={timeout}{since}")
        assert status == 200, answer
        self.since = answer["next_batch"]
        for event in answer["presence"]["events"]:
            self.presence[event["sender"]] = event["content"]
        self.letters += [(e["type"], e["sender"]) for e in answer["to_device"]["events"]]
        return answer

    def hears(self, what, probe):
        """Syncs until `probe` is true."""
        def once():
            self.sync(timeout=500)
            return probe()
        return eventually(f"{self.id}: {what}", once)

    def sees(self, whom, **wanted):
        return self.hears(f"{whom} as {wanted}; it is {self.presence.get(whom)}", lambda: all(
            self.presence.get(whom, {}).get(k) == v for k, v in wanted.items()))

    def put(self, **status):
        code, answer = self.ask("PUT", "/_matrix/client/v3/presence/{me}/status", status)
        assert code == 200, answer

    def invite(self, whom):
        return self.ask("POST", "/_matrix/client/v3/presence/list/{me}", {"invite": [whom]})

    def drop(self, whom):
        return self.ask("POST", "/_matrix/client/v3/presence/list/{me}", {"drop": [whom]})

    def answer(self, **verbs):
        return self.ask("POST", "/_matrix/client/unstable/io.porchlight/presence/invites/{me}", verbs)

    def list(self):
        status, rows = self.ask("GET", "/_matrix/client/v3/presence/list/{me}")
        assert status == 200, rows
        return {row["user_id"]: row for row in rows}
