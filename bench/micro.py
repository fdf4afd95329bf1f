"""Programs of Google Benchmark: run with repetitions in random order, so that a slow minute of the machine
meets all of them alike."""
import json
import pathlib
import re
import subprocess

from results import figure

BUILD = pathlib.Path(__file__).resolve().parent.parent / "build" / "bench" / "bench"
REPETITIONS = 9


def repetitions(program, count=5, min_time=0.2, only=""):
    """Of every benchmark all its repetitions, by name, as Google Benchmark writes them in JSON."""
    out = subprocess.run([str(BUILD / program), "--benchmark_format=json", f"--benchmark_min_time={min_time}",
                          f"--benchmark_repetitions={count}", "--benchmark_enable_random_interleaving=true",
                          f"--benchmark_filter={only or '.'}"], check=True, capture_output=True, text=True).stdout
    rows = {}
    for row in json.loads(out)["benchmarks"]:
        if row["run_type"] == "iteration":
            rows.setdefault(re.sub(r"/(manual_time|iterations:\d+)", "", row["run_name"]), []).append(row)
    return rows


NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6}


def micro(_):
    """The hot files of src/, each alone: CPU time of one call, beside a hash by libsodium, which tells a slower
    machine from slower code."""
    found = repetitions("micro_bench", REPETITIONS, 0.02)
    hashes = [row["cpu_time"] for row in found.pop("yardstick/sha512_of_1_KB")]
    return [figure(name, [row["cpu_time"] * NANOSECONDS[row["time_unit"]] for row in rows], "ns", hashes,
                   more_is_better=False)
            for name, rows in sorted(found.items())]
