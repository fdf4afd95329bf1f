"""What bench/run needs to talk to servers: processes with their CPU and memory, and many connections."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

SERVER_CORE, CLIENT_CORE = 0, 1
SILENT_SECONDS = 60


def client_affinity():
    if os.cpu_count() > 1:
        os.sched_setaffinity(0, {CLIENT_CORE})


class Server:
    """A process on the servers' core (or on all of them), ready to be asked."""

    def __init__(self, command, cores=None):
        def place():
            if os.cpu_count() > 1:
                os.sched_setaffinity(0, cores or {SERVER_CORE})
        begin = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=place)
        ready, said = None, []
        while not ready:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"bench/run: {command[0]} did not start:\n{''.join(said)}")
            said.append(line)
            ready = re.match(r"ready https?://127\.0\.0\.1:(\d+)", line)
        self.ready_after, self.ready_cpu = time.monotonic() - begin, self.cpu()
        self.port = int(ready[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def cpu(self):
        """Seconds of all its threads, in user space and kernel."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def encode(method, target, token, body):
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: bench\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if method != "GET":
        head += f"Content-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


def read_response(connection):
    """The body; anything but a 200 ends the run."""
    data = connection.recv(1 << 20)
    while True:
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            length = int(re.search(rb"Content-Length: (\d+)", data[:end])[1])
            if len(data) >= end + 4 + length:
                break
        part = connection.recv(1 << 20)
        if not part:
            raise SystemExit("bench/run: the server closed a connection")
        data += part
    if not data.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench/run: a request was answered {data[:400]!r}")
    return data[end + 4:]


class Crowd:
    """Connections to one server that ask at the same time."""

    def __init__(self, port, size):
        self.port = port
        self.connections = [self.connect() for _ in range(size)]

    def connect(self):
        c = socket.create_connection(("127.0.0.1", self.port), SILENT_SECONDS)
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return c

    def ask(self, asked, parse=True):
        """asked: (method, target, token, body). As many at once as there are connections."""
        answers = []
        for i in range(0, len(asked), len(self.connections)):
            used = list(zip(self.connections, asked[i:i + len(self.connections)]))
            for c, request in used:
                c.sendall(encode(*request))
            answers += [read_response(c) for c, _ in used]
        return [json.loads(a) for a in answers] if parse else answers

    def park(self, asked):
        """asked: (target, token). One new connection each, that is not read."""
        for target, token in asked:
            c = self.connect()
            c.sendall(encode("GET", target, token, None))
            self.connections.append(c)
        answered = self.answered()
        if answered:
            raise SystemExit(f"bench/run: {answered} polls were answered that should wait")

    def answered(self):
        """How many connections have something to read."""
        early = select.poll()
        for c in self.connections:
            early.register(c, select.POLLIN)
        return len(early.poll(200))

    def close(self):
        for c in self.connections:
            c.close()
