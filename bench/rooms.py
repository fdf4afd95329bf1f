"""Rooms at size: 10,000 members in one, 1,000 rooms of one user, and what a message costs on disk."""
import json
import pathlib
import select
import sqlite3
import time
import urllib.parse

from client import Crowd, read_response
from results import figure

MEMBERS = 10_000
ROOMS = 1_000
MESSAGES = 10_000
RUNS = 5
API = "/_matrix/client/v3"
LAZY = urllib.parse.quote(json.dumps({"room": {"state": {"lazy_load_members": True}}, "presence": {"types": []}}))
SYNC = f"{API}/sync?set_presence=offline&filter={LAZY}"


def quote(text):
    return urllib.parse.quote(text, safe="")


def create(bench, user):
    return bench.crowd.ask([("POST", f"{API}/createRoom", user[1], {"preset": "public_chat"})])[0]["room_id"]


def join(bench, room, users):
    bench.crowd.ask([("POST", f"{API}/join/{quote(room)}", t, {}) for _, t in users], parse=False)


def say(bench, room, user, count, begin=0):
    bench.crowd.ask([("PUT", f"{API}/rooms/{quote(room)}/send/m.room.message/t{begin + i}", user[1],
                      {"msgtype": "m.text", "body": f"message number {begin + i}"}) for i in range(count)],
                    parse=False)


def cpu(bench, *steps):
    """steps: (times, function). For each the milliseconds of the server's CPU for one call, in every run."""
    costs = [[] for _ in steps]
    for _ in range(RUNS):
        for cost, (times, step) in zip(costs, steps):
            before = bench.server.cpu()
            for _ in range(times):
                step()
            cost.append((bench.server.cpu() - before) / times * 1e3)
    return costs


def get(bench, target, user):
    return lambda: bench.crowd.ask([("GET", target, user[1], None)], parse=False)


def told_all(crowd, parked, tell, word=b""):
    """Milliseconds from `tell` until every parked poll was answered; the client reads them in turn."""
    waiting = select.epoll()
    for c in parked:
        waiting.register(c, select.EPOLLIN | select.EPOLLONESHOT)
    begin = time.monotonic()
    tell()
    left = len(parked)
    while left:
        ready = waiting.poll(30)
        if not ready:
            raise SystemExit(f"bench/run: {left} parked polls were not answered")
        left -= len(ready)
    taken = (time.monotonic() - begin) * 1e3
    waiting.close()
    for c in parked:
        if word not in read_response(c):
            raise SystemExit("bench/run: a parked poll was answered without the news")
    crowd.close()
    return taken


def large_room(bench):
    users = bench.enroll(MEMBERS)
    room = create(bench, users[0])
    taken = []
    for i in range(1, MEMBERS, 1000):
        before = bench.server.cpu(), time.monotonic()
        join(bench, room, users[i:i + 1000])
        count = len(users[i:i + 1000])
        taken.append(((bench.server.cpu() - before[0]) / count * 1e3, (time.monotonic() - before[1]) / count * 1e3))
    (small_cpu, small_time), (large_cpu, large_time) = taken[0], taken[-1]
    rows = [figure(f"a join of a room of {MEMBERS:,}: CPU; yardstick: of one of under 1,000", large_cpu, "ms",
                   small_cpu, must=4, aim=2, more_is_better=False),
            figure("the same, time, 64 at once", large_time, "ms", small_time, must=4, aim=2, more_is_better=False)]
    little = create(bench, users[0])
    join(bench, little, users[1:10])
    for r in (room, little):
        say(bench, r, users[1], 20, begin=int(r == little) * 100)
    only = lambda r: SYNC.replace(LAZY, urllib.parse.quote(json.dumps(  # noqa: E731
        {"room": {"rooms": [r], "state": {"lazy_load_members": True}}, "presence": {"types": []}})))
    small, large = cpu(bench, *((20, get(bench, only(r), users[1])) for r in (little, room)))
    rows.append(figure(f"first sync with lazy members, room of {MEMBERS:,}: CPU; yardstick: room of 10", large, "ms",
                       small, must=3, aim=1.5, more_is_better=False))
    return rows + message_to_all(bench, users, room)


def message_to_all(bench, users, room):
    since = bench.crowd.ask([("GET", SYNC, users[1][1], None)])[0]["next_batch"]
    target = f"{SYNC}&timeout=50000&since={since}"
    ours, theirs, cost = [], [], []
    for run in range(RUNS):
        crowd = Crowd(bench.raw.port, 0)
        crowd.park([("/poll?timeout=50000", None)] * len(users))
        theirs.append(told_all(crowd, crowd.connections, lambda: bench.raw_crowd.ask(
            [("PUT", "/put", None, {"presence": "online"})], parse=False)))
        crowd = Crowd(bench.server.port, 0)
        crowd.park([(target, t) for _, t in users])
        time.sleep(0.3)
        before = bench.server.cpu()
        ours.append(told_all(crowd, crowd.connections, lambda r=run: say(bench, room, users[0], 1, begin=5000 + r),
                             b"message number 5"))
        cost.append((bench.server.cpu() - before) / len(users) * 1e6)
        bench.gather()
        target = f"{SYNC}&timeout=50000&since=" + bench.crowd.ask([("GET", SYNC, users[1][1], None)])[0]["next_batch"]
    return [figure(f"a message to {len(users):,} parked syncs of its room, until the last; yardstick: bare epoll",
                   ours, "ms", theirs, must=30, more_is_better=False),
            figure("CPU for each of them", cost, "us", must=400, aim=200, more_is_better=False)]


def many_rooms(bench):
    many, few, other = bench.enroll(3)
    rooms = [create(bench, other) for _ in range(ROOMS)]
    for r in rooms:
        join(bench, r, [many])
    for r in rooms[:10]:
        join(bench, r, [few])
    rows = []
    first_few, first_many = cpu(bench, (20, get(bench, SYNC, few)), (3, get(bench, SYNC, many)))
    rows.append(figure(f"first sync of {ROOMS:,} rooms, each: CPU; yardstick: of 10 rooms, each",
                       [c / ROOMS * 1e3 for c in first_many], "us", [c / 10 * 1e3 for c in first_few], must=1.5, aim=1.0,
                       more_is_better=False))
    since = [bench.crowd.ask([("GET", SYNC, user[1], None)])[0]["next_batch"] for user in (few, many)]
    say(bench, rooms[0], other, 1, begin=9000)
    news_few, news_many = cpu(bench, *((50, get(bench, f"{SYNC}&since={s}", user))
                                       for s, user in zip(since, (few, many))))
    rows.append(figure(f"incremental sync, one of {ROOMS:,} rooms has news: CPU; yardstick: one of 10", news_many,
                       "ms", news_few, must=3, aim=1.5, more_is_better=False))
    return rows


def database_bytes(folder):
    """Of all pages, those still in the write-ahead log too."""
    path = next(p for p in pathlib.Path(folder).iterdir() if p.suffix in (".db", ".sqlite", ".sqlite3"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]


def growth(bench):
    user = bench.enroll(1)[0]
    room = create(bench, user)
    say(bench, room, user, 500)
    before = database_bytes(bench.folder)
    rate, part = [], MESSAGES // RUNS
    for run in range(RUNS):
        begin = time.monotonic()
        say(bench, room, user, part, begin=1000 + run * part)
        rate.append(part / (time.monotonic() - begin))
    return [figure("database growth for each short message, its transaction id kept for a day",
                   (database_bytes(bench.folder) - before) / MESSAGES, "B", must=2500, aim=1500, more_is_better=False),
            figure("messages to one room, 64 at a time, durable before the answer", rate, "1/s", must=1000, aim=4000)]


def rooms(bench):
    return growth(bench) + many_rooms(bench) + large_room(bench)
