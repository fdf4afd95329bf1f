"""A real server on a port of its own, and what a client asks it, with the standard library alone."""
import http.client
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.parse

BINARY = os.environ["PORCHLIGHT_BINARY"]
PATIENCE = 30  # seconds, where only a fault needs them


def porchlight(*arguments):
    """One of the administrator's commands: exit code, stdout, stderr."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def until(condition, what):
    """What the condition returns as soon as that is true."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain: " + what
        time.sleep(0.02)


class Server:
    def __init__(self, data, *settings):
        self.data = str(data)
        command = [BINARY, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--open-registration",
                   "--server-name", "porch.test"]
        for one in ("accounts.argon2_ops=1", "accounts.argon2_memory=8KiB", *settings):
            command += ["--set", one]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", line)
        assert found, "the server did not start: " + self.log_text()
        self.port = int(found.group(1))

    def log_text(self):
        self.log.seek(0)
        return self.log.read()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        assert code == 0, "the server ended with %s: %s" % (code, self.log_text())

    def ask(self, method, path, body=None, token=None, headers=()):
        """Status and body, which is parsed where it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            return ask_over(connection, method, path, body, token, headers)
        finally:
            connection.close()

    def register(self, name):
        status, answer = self.ask("POST", "/_matrix/client/v3/register", {
            "username": name, "password": name + "-secret", "auth": {"type": "m.login.dummy"}})
        assert status == 200, answer
        return answer["access_token"]


def ask_over(connection, method, path, body=None, token=None, headers=()):
    sent = dict(headers)
    if token is not None:
        sent["Authorization"] = "Bearer " + token
    if isinstance(body, dict):
        body = json.dumps(body)
        sent["Content-Type"] = "application/json"
    connection.request(method, path, body=body, headers=sent)
    answer = connection.getresponse()
    data = answer.read()
    if (answer.headers.get("Content-Type") or "").startswith("application/json"):
        data = json.loads(data)
    return answer.status, data


def quoted(text):
    return urllib.parse.quote(text, safe="")
