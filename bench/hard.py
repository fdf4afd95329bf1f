"""Hard cases through real sockets, by bench/crowd: each has a server and a folder of known users of its own,
all with a device whose access token the client knows."""
import os
import pathlib
import signal
import subprocess
import tempfile

from client import CLIENT_CORE, Crowd, Server
from results import figure

BUILD = pathlib.Path(__file__).resolve().parent.parent / "build" / "bench"
BINARY = os.environ.get("PORCHLIGHT_BINARY", str(BUILD / "porchlight"))
SYNC = ("/_matrix/client/v3/sync?set_presence=offline&filter=%7B%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%2C"
        "%22room%22%3A%7B%22rooms%22%3A%5B%5D%7D%7D")
RUSHES = 3


def serve(folder, *settings):
    return Server([BINARY, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--set", "server.threads=1",
                   "--set", "rate_limits.enabled=false", *(a for s in settings for a in ("--set", s))])


def known_users(folder, users, *options):
    subprocess.run([str(BUILD / "bench" / "known_users"), "make", folder, str(users), "devices", *options], check=True)


def play(case, server, users, team, since=""):
    """Lines "NAME VALUE..." as {name: [[value, ...], ...]}."""
    def place():
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {CLIENT_CORE})
    out = subprocess.run([str(BUILD / "bench" / "hard_cases"), case, str(server.port), str(server.process.pid),
                          str(users), str(team)] + ([since] if since else []), check=True, stdout=subprocess.PIPE,
                         text=True, preexec_fn=place, timeout=400).stdout
    found = {}
    for line in out.splitlines():
        name, *values = line.split()
        found.setdefault(name, []).append([float(v) for v in values])
    return found


def with_server(case, users, team, *options, settings=()):
    with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as folder:
        known_users(folder, users, f"team={team}", *options)
        server = serve(folder, *settings)
        try:
            return play(case, server, users, team)
        finally:
            server.stop()


def columns(rows):
    return [list(column) for column in zip(*rows)]


def lost(of_what, found, case):
    return figure(f"{of_what}: final states that are lost", found[f"{case}_lost"][-1][0], "", must=0,
                  more_is_better=False)


def flip(users=10_000):
    found = with_server("flip", users, users, "rooms=50")
    took, cpu, pushes = columns(found["flip"])
    what = f"one in 50 rooms of {users:,} changes"
    return [figure(f"{what}: pushes to each who sees it", pushes, "", must=1, more_is_better=False),
            figure(f"{what}: until the last is told", took, "ms", more_is_better=False),
            figure(f"{what}: CPU for each", cpu, "us", more_is_better=False)]


def half_load(users=10_000, team=100):
    """Without a window in which changes are gathered, since it would be most of what is measured."""
    found = with_server("half_load", users, team, settings=["presence.window=0s"])
    middle, p99, most, load, rate, waited = columns(found["half_load"])
    what = f"half load, {users:,} parked, rooms of {team}"
    return [figure(f"{what}: p99 from PUT to the answer read", p99, "ms", must=20, aim=5, more_is_better=False),
            figure(f"{what}: median", middle, "ms", more_is_better=False),
            figure(f"{what}: the longest", most, "ms", more_is_better=False),
            figure(f"{what}: the load that was reached", load, "CPU"),
            figure(f"{what}: deliveries", rate, "1/s"),
            figure(f"{what}: part of the time the server waited for a core that others had", waited, "",
                   more_is_better=False),
            lost(what, found, "half_load")]


def hall(users=10_000):
    found = with_server("hall", users, users, "online")
    cpu, flips, answers, ns, middle, p99, behind = columns(found["hall"])
    what = f"a hall of {users:,}, everybody flips once a minute"
    return [figure(f"{what}: CPU of the server", cpu, "CPU", must=1, more_is_better=False),
            figure(f"{what}: flips", flips, "1/s"),
            figure(f"{what}: answers", answers, "1/s"),
            figure(f"{what}: CPU for a presence event delivered", ns, "ns", more_is_better=False),
            figure(f"{what}: median from PUT to the answer read", middle, "ms", more_is_better=False),
            figure(f"{what}: p99", p99, "ms", more_is_better=False),
            figure(f"{what}: until calm after the last flip", behind, "ms", more_is_better=False),
            lost(what, found, "hall")]


def rush(users=10_000, team=1_000, runs=RUSHES):
    """First syncs on a morning; and everybody comes back with an old token after a kill -9."""
    rows = {"morning": [], "reconnect": []}
    missing = {"morning": 0, "reconnect": 0}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as folder:
            known_users(folder, users, f"team={team}", "texts")
            server = serve(folder)
            found = {"morning": play("rush", server, users, team)}
            since = Crowd(server.port, 1).ask([("GET", SYNC, "known-1", None)])[0]["next_batch"]
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            server = serve(folder)
            found["reconnect"] = play("rush", server, users, team, since)
            server.stop()
        for kind, one in found.items():
            rows[kind] += one["rush"]
            missing[kind] += one["rush_lost"][0][0]
    shown = []
    for kind, what, must in (("morning", f"{users:,} first syncs at once, {team:,} visible each", {}),
                             ("reconnect", f"{users:,} come back at once after kill -9, {team:,} visible each",
                              {"must": 10, "aim": 4})):
        last, middle, cpu, calm, memory, events = columns(rows[kind])
        shown += [figure(f"{what}: until all are answered", [v / 1e3 for v in last], "s", more_is_better=False, **must),
                  figure(f"{what}: presence events in an answer", events, ""),
                  figure(f"{what}: the median answer", [v / 1e3 for v in middle], "s", more_is_better=False),
                  figure(f"{what}: CPU until then", cpu, "s", more_is_better=False),
                  figure(f"{what}: until all have heard of all", [v / 1e3 for v in calm], "s", more_is_better=False),
                  figure(f"{what}: memory of the server then", memory, "MB", more_is_better=False),
                  figure(f"{what}: final states that are lost", missing[kind], "", must=0, more_is_better=False)]
    return shown


def slow(users=10_000):
    found = with_server("slow", users, users, "texts")
    middle, middle_with, p99, p99_with, _ = columns(found["slow"])
    what = f"a very slow reader among {users:,}"
    return [figure(f"{what}: median latency of the others; yardstick: without it", middle_with, "ms", middle,
                   more_is_better=False),
            figure(f"{what}: p99 of the others; yardstick: without it", p99_with, "ms", p99, more_is_better=False),
            figure(f"{what}: memory it costs the server", found["slow_memory"][0][0], "MB", more_is_better=False)]


def flapping(users=5_000, team=20):
    found = with_server("flapping", users, team)
    drops, _, cpu = found["flapping"][0]
    memory = found["flapping_memory"][0]
    what = f"{users:,} connections that vanish and come back once a second"
    return [figure(f"{what}: times", drops, ""),
            figure(f"{what}: CPU for each, flips included", cpu, "us", more_is_better=False),
            figure(f"{what}: growth of memory in the second half", memory[-1] - memory[len(memory) // 2], "MB",
                   more_is_better=False),
            lost(what, found, "flapping")]


CASES = {"flip": flip, "half_load": half_load, "hall": hall, "rush": rush, "slow": slow, "flapping": flapping}


def hard(_):
    return sum((case() for case in CASES.values()), [])
