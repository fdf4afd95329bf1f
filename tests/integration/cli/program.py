"""Runs the real program as people do: in pipes and on a terminal of its own."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import urllib.request

BINARY = os.environ["PORCHLIGHT_BINARY"]
DEADLINE = 20  # seconds; only a hang takes so long


def until(condition, what):
    """Waits for the condition; its value."""
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {what() if callable(what) else what}")
        select.select([], [], [], 0.02)


class Server:
    """A Porchlight with a data folder of its own."""

    def __init__(self, test, name="porch.test"):
        folder = tempfile.TemporaryDirectory(prefix="porchlight-cli-")
        test.addCleanup(folder.cleanup)
        self.folder, self.name, self.address = folder.name, name, "127.0.0.1:0"
        self.process = None
        test.addCleanup(self.stop)
        self.start()

    def start(self):
        command = [BINARY, "serve", "--data", self.folder, "--listen", self.address, "--open-registration",
                   "--server-name", self.name, "--set", "accounts.argon2_ops=1",
                   "--set", "accounts.argon2_memory=8KiB", "--set", "presence.offline_grace=1s"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.url = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line).group(1)
        self.address = self.url.removeprefix("http://")  # where it is found again

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def register(self, name):
        body = {"username": name, "password": "secret-" + name, "auth": {"type": "m.login.dummy"}}
        request = urllib.request.Request(self.url + "/_matrix/client/v3/register", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=DEADLINE) as response:
            return json.load(response)["access_token"]


class Person:
    """Somebody with credentials of their own in a home of their own."""

    def __init__(self, test, name):
        home = tempfile.TemporaryDirectory(prefix="porchlight-home-")
        test.addCleanup(home.cleanup)
        self.test, self.name, self.home = test, name, home.name
        self.file = os.path.join(self.home, ".config/porchlight/credentials.json")
        self.environment = {**os.environ, "HOME": self.home, "TERM": "xterm-256color", "TZ": "UTC"}
        for variable in ("XDG_CONFIG_HOME", "PORCHLIGHT_CREDENTIALS", "NO_COLOR", "http_proxy", "https_proxy",
                         "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"):
            self.environment.pop(variable, None)

    def run(self, *words, given="", code=0):
        """Standard output, or the error's sentence where the code is not 0."""
        done = subprocess.run([BINARY, *words], input=given, capture_output=True, text=True,
                              env=self.environment, timeout=3 * DEADLINE)
        self.test.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr if code else done.stdout

    def log_in(self, server):
        server.register(self.name)
        return self.run("login", f"@{self.name}:{server.name}", "--server", server.url,
                        given=f"secret-{self.name}\n")


class Lines:
    """A program whose standard output is a pipe."""

    def __init__(self, person, *words, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen([BINARY, *words], stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=person.environment)
        person.test.addCleanup(self.stop)
        self.text = b""
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        self.text += self.process.stdout.read() or b""
        return self.text.decode()

    def objects(self):
        return [json.loads(line) for line in self.read().split("\n")[:-1]]

    def wait_for(self, wanted):
        """The first object of which the function is true."""
        return until(lambda: next((o for o in self.objects() if wanted(o)), None), lambda: self.text)

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Terminal:
    """A program on a terminal of its own, which keeps what it was sent."""

    def __init__(self, person, *command, rows=20, columns=80):
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, person.environment)
        person.test.addCleanup(self.stop)
        os.set_blocking(self.master, False)
        self.raw, self.code = b"", None
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        try:
            while data := os.read(self.master, 65536):
                self.raw += data
        except BlockingIOError:
            pass
        except OSError:  # nobody holds the other end any more
            pass
        return self.raw.decode(errors="replace")

    def screen(self):
        """The lines shown last, without colours."""
        last = self.read().rsplit("\x1b[H", 1)[-1]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last).replace("\r", "").split("\n")

    def wait_for(self, text):
        return until(lambda: text in "\n".join(self.screen()) and self.screen(), lambda: (text, self.raw))

    def type(self, text):
        os.write(self.master, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def signal(self, number):
        os.kill(self.process, number)

    def wait(self):
        """The exit code, and all that was written."""
        def ended():
            self.read()  # or it could not write
            pid, status = os.waitpid(self.process, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            return pid
        until(ended, lambda: self.raw)
        return self.code, self.read()

    def stop(self):
        if self.code is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.master)
