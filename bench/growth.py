"""Shapes of growth: the same work with 1,000 to 1,000,000 known users, in the engine alone (growth.cc) and
through the server. Rows carry `series` and `known`, of which bench/plot makes pictures."""
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.parse

from client import Crowd, Server, encode, read_response
from micro import repetitions
from results import figure

BUILD = pathlib.Path(__file__).resolve().parent.parent / "build" / "bench"
BINARY = os.environ.get("PORCHLIGHT_BINARY", str(BUILD / "porchlight"))
API = "/_matrix/client/v3"
NO_ROOMS = "&filter=%7B%22room%22%3A%7B%22rooms%22%3A%5B%5D%7D%7D"
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace")
KNOWN = (1_000, 10_000, 100_000, 1_000_000)
MEETING, RUNS = 1_000, 5

# What each series is: (name in the table and in pictures, unit, how many of it a second is).
ENGINE = {"delivery": ("a delivery", "ns", 1e9), "update": ("a PUT", "ns", 1e9),
          "poll": ("a poll that times out", "ns", 1e9),
          "poll_of_anybody": ("the same of anybody, not of the same 1,000", "ns", 1e9),
          "first_sync": ("a first sync, 1,000 visible", "us", 1e6),
          "join": ("a join of a room of 1,000", "us", 1e6), "load": ("a known user at a start", "ns", 1e9)}
SERVER = {"delivery": ("a delivery and the next poll", "us", 1e6), "update": ("a PUT", "us", 1e6),
          "poll": ("a poll that times out", "us", 1e6),
          "first_sync": ("a first sync, 1,000 visible", "us", 1e6),
          "join": ("a join of a room of 900 to 1,000", "us", 1e6)}


def rows_of(layer, what, values):
    """values: {series: {known: [value, ...]}}; the smallest size is the yardstick of the others."""
    rows = []
    for series, (name, unit, scale) in what.items():
        for known, runs in sorted(values[series].items()):
            smallest = min(values[series])
            rows.append(dict(
                figure(f"{layer}, {known:,} known: {name}", [v * scale for v in runs], unit,
                       None if known == smallest else [v * scale for v in values[series][smallest]],
                       must=1.5 if series == "delivery" and known != smallest else None, more_is_better=False),
                series=f"{layer}/{series}", known=known, title=name))
    return rows


def engine_growth():
    values = {}
    for name, rows in repetitions("growth", RUNS).items():
        series, known = name.split("/")[:2]
        values.setdefault(series, {})[int(known)] = [row["each"] for row in rows]
    return rows_of("engine", ENGINE, values)


class GrownServer:
    """A server with so many known users, 1,000 of whom, evenly spread, get a room of their own."""

    def __init__(self, folder, known):
        self.folder, self.known = folder, known
        subprocess.run([str(BUILD / "bench" / "known_users"), "make", folder, str(known), "devices"], check=True)
        self.members = [i * known // MEETING for i in range(MEETING)]
        self.flips = 0

    def start(self, cores=None):
        self.server = Server([BINARY, "serve", "--data", self.folder, "--listen", "127.0.0.1:0", "--set",
                              "server.threads=1", "--set", "rate_limits.enabled=false"], cores)
        return self.server

    def gather(self):
        self.crowd = Crowd(self.server.port, 64)

    def cost(self, count, step):
        before = self.server.cpu()
        step()
        return (self.server.cpu() - before) / count

    def ask(self, asked):
        return self.crowd.ask(asked, parse=False)

    def meet(self):
        """Costs of the last joins, a hundred each."""
        self.gather()
        room = self.crowd.ask([("POST", f"{API}/createRoom", f"known-{self.members[0]}",
                                {"preset": "public_chat"})])[0]["room_id"]
        joins = [("POST", f"{API}/join/{urllib.parse.quote(room, safe='')}", f"known-{u}", {})
                 for u in self.members[1:]]
        self.ask(joins[:-100])
        return [self.cost(20, lambda part=part: self.ask(part))
                for part in (joins[i:i + 20] for i in range(len(joins) - 100, len(joins), 20))]

    def put(self, users, state):
        return [("PUT", f"{API}/presence/@{NAMES[u % 7]}.{u}:localhost/status", f"known-{u}", {"presence": state})
                for u in users]

    def update(self):
        self.flips += 1
        return self.cost(MEETING, lambda: self.ask(self.put(self.members, ("online", "busy")[self.flips % 2])))

    def token(self):
        return self.crowd.ask([("GET", f"{API}/sync?set_presence=offline{NO_ROOMS}", f"known-{self.members[0]}",
                                None)])[0]["next_batch"]

    def poll(self):
        target = f"{API}/sync?set_presence=offline&timeout=20&since={self.token()}"
        asked = [("GET", target, f"known-{u}", None) for u in self.members[:960]]
        return self.cost(len(asked), lambda: self.ask(asked))

    def first_sync(self):
        self.ask(self.put(self.members, "online"))
        target = f"{API}/sync?set_presence=offline{NO_ROOMS}"
        return self.cost(20, lambda: self.ask([("GET", target, f"known-{self.members[5]}", None)] * 20))

    def delivery(self):
        """A PUT of one member's, of which all others hear, and poll again; three times."""
        observers = self.members[1:]
        target = f"{API}/sync?set_presence=offline&timeout=50000&since={self.token()}"
        waiting = Crowd(self.server.port, 0)
        waiting.park([(target, f"known-{u}") for u in observers])
        polls = [encode("GET", target, f"known-{u}", None) for u in observers]

        def cycle():
            self.flips += 1
            self.ask(self.put(self.members[:1], ("online", "busy")[self.flips % 2]))
            answers = [read_response(c) for c in waiting.connections]
            since = answers[-1][15:answers[-1].index(b'"', 15)]
            for c, poll in zip(waiting.connections, polls):
                c.sendall(poll.replace(target.rsplit("=", 1)[1].encode(), since))
        costs = []
        for _ in range(3):
            time.sleep(0.15)
            costs.append(self.cost(len(observers), cycle))
        waiting.close()
        return statistics.median(costs)


def server_growth():
    """Servers of all sizes at once, each piece of work in turns with all of them; and then their starts."""
    costs = {series: {known: [] for known in KNOWN} for series in SERVER}
    starts = {known: [] for known in KNOWN}
    cores = set(range(os.cpu_count()))
    with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as folder:
        grown = [GrownServer(os.path.join(folder, str(known)), known) for known in KNOWN]
        for g in grown:
            g.start()
            costs["join"][g.known] = g.meet()
        for series in ("update", "poll", "first_sync", "delivery"):
            for _ in range(RUNS):
                for g in grown:
                    g.gather()
                    costs[series][g.known].append(getattr(g, series)())
                    g.crowd.close()
        for g in grown:
            g.server.stop()
        for _ in range(RUNS):
            for g in grown:
                server = g.start(cores)
                time.sleep(0.2)
                starts[g.known].append((server.ready_after, server.ready_cpu, server.resident()))
                server.stop()
    rows = rows_of("server", SERVER, costs)
    for column, (series, name, unit, scale) in enumerate((
            ("ready", "ready after a start", "s", 1), ("ready_cpu", "CPU of that", "s", 1),
            ("resident", "resident memory then", "MB", 1e-6))):
        for known in KNOWN:
            rows.append(dict(figure(f"server, {known:,} known with a device and a name each: {name}",
                                    [one[column] * scale for one in starts[known]], unit, more_is_better=False),
                             series=f"server/{series}", known=known, title=name))
    return rows


def growth(_):
    return engine_growth() + server_growth()
