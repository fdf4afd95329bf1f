"""What waiting costs and what waking it yields: memory of parked connections and of what stands behind them, and
presence events through sockets when bursts coalesce."""
import json
import os
import ssl
import statistics
import subprocess
import tempfile
import time

from client import Crowd, Server, encode
from results import figure

API = "/_matrix/client/v3"
PLAIN, TLS = 18_000, 4_000
WARM = 500  # connections and users that are not counted: what is allocated once
OBSERVERS, SUBJECTS, ROUNDS = 1_000, 50, 12


def poll_target(since, timeout):
    return f"{API}/sync?set_presence=offline&timeout={timeout}&since={since}"


def create(bench, user):
    return bench.crowd.ask([("POST", f"{API}/createRoom", user[1], {"preset": "public_chat"})])[0]["room_id"]


def grown(server, count, step):
    """Resident bytes that each of `count` adds."""
    time.sleep(0.5)
    before = server.resident()
    step()
    time.sleep(1)
    return (server.resident() - before) / count


def memory(bench):
    """Growth of the server's memory over polls that park, each of another user, connections included; and over
    logins and joins."""
    users = bench.enroll(WARM + PLAIN)
    some, few = users[WARM:], users[:WARM]
    target = poll_target(bench.token(users[0]), 50000)
    waiting = Crowd(bench.server.port, 0)
    waiting.park([(target, t) for _, t in few])
    parked = grown(bench.server, PLAIN, lambda: waiting.park([(target, t) for _, t in some]))
    waiting.close()

    def log_in(names):
        bench.crowd.ask([("POST", f"{API}/login", None, {
            "type": "m.login.password", "password": "bench-bench",
            "identifier": {"type": "m.id.user", "user": user}}) for user, _ in names], parse=False)

    def join(room, members):
        bench.crowd.ask([("POST", f"{API}/join/{room}", t, {}) for _, t in members], parse=False)

    log_in(few)
    device = grown(bench.server, PLAIN, lambda: log_in(some))
    room = create(bench, users[0])
    join(room, few[1:])
    member = grown(bench.server, PLAIN, lambda: join(room, some))
    return [figure("user-space bytes of a parked /sync", parked, "B", must=1000, aim=600, more_is_better=False),
            figure("resident bytes of a logged-in device, the second of its user", device, "B", more_is_better=False),
            figure("resident bytes of a member of a large room, its event included", member, "B",
                   more_is_better=False)]


class TlsCrowd(Crowd):
    """Clients that trust any certificate: it is the server's memory that is looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def connect(self):
        return self.context.wrap_socket(super().connect())

    def answered(self):
        """What is readable may be no more than the tickets of TLS 1.3."""
        count = 0
        for c in self.connections:
            c.setblocking(False)
            try:
                count += len(c.recv(1)) > 0
            except ssl.SSLWantReadError:
                pass
            c.setblocking(True)
        return count


def tls_memory(bench):
    """The same polls through TLS, of one user for each connection."""
    with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        server = Server([bench.server.process.args[0], "serve", "--data", os.path.join(folder, "data"),
                         "--open-registration", "--set", "server.listen=[]", "--listen-tls", "127.0.0.1:0",
                         "--tls-cert", certificate, "--tls-key", key, "--set", "server.threads=1",
                         "--set", "rate_limits.enabled=false", "--set", "accounts.argon2_ops=1",
                         "--set", "accounts.argon2_memory=8KiB"])
        try:
            crowd = TlsCrowd(server.port, 64)
            answers = crowd.ask([("POST", f"{API}/register", None, {
                "auth": {"type": "m.login.dummy"}, "username": f"t{i}", "password": "bench-bench"})
                for i in range(WARM + TLS)])
            tokens = [a["access_token"] for a in answers]
            since = crowd.ask([("GET", f"{API}/sync?set_presence=offline", tokens[0], None)])[0]["next_batch"]
            target = poll_target(since, 100000)
            waiting = TlsCrowd(server.port, 0)
            waiting.park([(target, t) for t in tokens[:WARM]])
            each = grown(server, TLS, lambda: waiting.park([(target, t) for t in tokens[WARM:]]))
            waiting.close()
        finally:
            server.stop()
    return [figure(f"user-space bytes of a parked /sync through TLS ({TLS:,})", each, "B", must=16384, aim=12288,
                   more_is_better=False)]


def read_all(connections, buffer):
    """Bodies of one answer each."""
    bodies = []
    for c in connections:
        size = c.recv_into(buffer)
        head = buffer.find(b"\r\n\r\n", 0, size)
        length = int(buffer[:head].split(b"Content-Length: ")[1].split(b"\r\n")[0])
        while size < head + 4 + length:
            size += c.recv_into(memoryview(buffer)[size:])
        if not buffer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"bench/run: a poll was answered {bytes(buffer[:400])!r}")
        bodies.append(bytes(buffer[head + 4:size]))
    return bodies


def bursts(bench):
    # A window that a round of so many clients fits into, whatever else the machine does.
    with bench.another("presence.window=500ms") as patient:
        return bursts_of(patient)


def bursts_of(bench):
    """All of 50 in a room change, and 1,000 who are there are told, 50 in one response; with the 50 PUTs and the
    polls. The yardstick sends answers of the same size to as many, for one PUT."""
    users = bench.enroll(OBSERVERS + SUBJECTS)
    subjects, observers = users[:SUBJECTS], users[SUBJECTS:]
    room = create(bench, subjects[0])
    bench.crowd.ask([("POST", f"{API}/join/{room}", t, {}) for _, t in users[1:]], parse=False)
    time.sleep(0.5)
    crowd, buffer, online = Crowd(bench.server.port, OBSERVERS), bytearray(1 << 20), False
    tokens = [bench.token(observers[0])] * OBSERVERS

    def put(state):
        bench.crowd.ask([("PUT", f"{API}/presence/{u}/status", t, {"presence": state}) for u, t in subjects],
                        parse=False)

    def round_of_ours():
        nonlocal online, tokens
        for c, (_, token), since in zip(crowd.connections, observers, tokens):
            c.sendall(encode("GET", poll_target(since, 30000), token, None))
        online = not online
        put("online" if online else "unavailable")
        bodies = read_all(crowd.connections, buffer)
        tokens = [json.loads(b)["next_batch"] for b in bodies]
        return sum(b.count(b'"m.presence"') for b in bodies), sum(map(len, bodies))

    for _ in range(4):
        round_of_ours()
    size = statistics.median_high(round_of_ours()[1] for _ in range(7)) // OBSERVERS
    raw = Server([bench.raw.process.args[0], "0", str(size)])
    raw_crowd, raw_put = Crowd(raw.port, OBSERVERS), Crowd(raw.port, 1)

    def round_of_theirs():
        for c in raw_crowd.connections:
            c.sendall(encode("GET", "/poll?timeout=30000", "x" * 40, None))
        raw_put.ask([("PUT", "/put", None, {"presence": "online"})], parse=False)
        read_all(raw_crowd.connections, buffer)

    def cost(server, step):
        before = server.cpu()
        done = step()
        return done, server.cpu() - before

    # A burst that fell apart, since the machine was busy, says nothing of those that coalesce.
    ours, theirs, events = [], [], []
    for _ in range(4 * ROUNDS):
        (told, taken), spent = cost(bench.server, round_of_ours)
        _, raw_spent = cost(raw, round_of_theirs)
        if len(ours) < ROUNDS and abs(taken / OBSERVERS - size) < size / 20:
            ours.append(spent)
            theirs.append(raw_spent)
            events.append(told)
    if len(ours) < ROUNDS:
        raise SystemExit("bench/run: the machine is too busy for bursts to coalesce")
    raw.stop()
    crowd.close()
    raw_crowd.close()
    each = sum(events) / ROUNDS / OBSERVERS
    rates = [e / c for e, c in zip(events, ours)]
    raw_rates = [each * OBSERVERS / c for c in theirs]
    return [figure(f"presence events delivered per CPU second, {each:.1f} a response of {size:,} B", rates,
                   "1/s", raw_rates, aim=0.8),
            figure("the same, by value", rates, "1/s", must=1e6, aim=2.3e6)]
