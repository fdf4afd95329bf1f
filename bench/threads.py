"""One net thread that does everything, against two net threads with an engine thread beside them."""
import os
import re
import subprocess
import tempfile

from client import Server
from results import figure

OBSERVERS, RUNS, ROUNDS = 3000, 5, 15


def threads(build, binary):
    """Both on all cores with the client, in turns. A machine of two cores can't show more throughput with three
    threads; what crossing threads costs is seen in the CPU of a cycle."""
    cores = set(range(os.cpu_count()))

    def start(folder, count):
        return Server([binary, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--open-registration",
                       "--set", f"server.threads={count}", "--set", "rate_limits.enabled=false",
                       "--set", "accounts.argon2_ops=1", "--set", "accounts.argon2_memory=8KiB"], cores)

    with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as folder:
        one, two = start(f"{folder}/one", 1), start(f"{folder}/two", 2)
        try:
            out = subprocess.run(
                [str(build / "bench" / "long_poll"), "--observers", str(OBSERVERS), "--runs", str(RUNS), "--rounds",
                 str(ROUNDS), *(f"{name}=matrix=http://127.0.0.1:{s.port}@{s.process.pid}"
                                for name, s in (("one", one), ("two", two)))],
                check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)).stdout
        finally:
            one.stop()
            two.stop()
    (_, one_cycles, one_cpu), (_, two_cycles, two_cpu) = [
        [[float(v) for v in part.split()] for part in line.split("|")] for line in re.findall(r"runs \S+: (.*)", out)]
    return [figure("two net threads and the engine's: CPU of a cycle; yardstick: one thread", two_cpu, "us", one_cpu,
                   more_is_better=False),
            figure("cycles a second on two cores with the client; yardstick: one thread", two_cycles, "1/s",
                   one_cycles)]
