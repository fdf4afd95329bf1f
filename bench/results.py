"""Figures as data: every run's value is kept, so that bench/compare can tell a change from noise.

A result is one file for a commit and the names that were run, bench/results/COMMIT[-NAMES].json, or
COMMIT[-NAMES].2.json when there is one: two results of one commit say what is noise.
"""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"


def figure(what, value, unit, yardstick=None, must=None, aim=None, more_is_better=True):
    """A row of the table. `value` and `yardstick` are numbers, or lists of every run's, run by run: then
    the row shows their medians. With a yardstick, must and aim speak of the ratio to it, else of the value."""
    runs, yardstick_runs = (list(v) if isinstance(v, (list, tuple)) else None if v is None else [v]
                            for v in (value, yardstick))
    value = statistics.median(runs)
    yardstick = None if yardstick_runs is None else statistics.median(yardstick_runs)
    ratio = None if yardstick is None else value / yardstick
    judged = value if ratio is None else ratio

    def meets(limit):
        return judged >= limit if more_is_better else judged <= limit
    reached = "" if must is None else "aim" if aim is not None and meets(aim) else "must" if meets(must) else "no"
    return {"figure": what, "value": value, "unit": unit, "yardstick": yardstick, "ratio": ratio,
            "must": must, "aim": aim, "reached": reached, "more_is_better": more_is_better,
            "runs": runs, "yardstick_runs": yardstick_runs}


def judged_runs(row):
    """Of every run what is compared: the ratio to its own yardstick where there is one, else the value."""
    runs, yardsticks = row.get("runs"), row.get("yardstick_runs")
    if not runs:  # results from before every run was kept
        return [row["value"] if row["ratio"] is None else row["ratio"]]
    if not yardsticks:
        return runs
    if len(runs) == len(yardsticks):
        return [v / y for v, y in zip(runs, yardsticks)]
    middle = statistics.median(yardsticks)
    return [v / middle for v in runs]


def spread(values):
    """The standard deviation that the median absolute deviation speaks of: one odd run does not move it."""
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(v - middle) for v in values)


def commit_name():
    return subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--tags", "--dirty"], check=True,
                          capture_output=True, text=True).stdout.strip()


def keep(commit, rows, part, load):
    """Writes the result of what was built from `commit`; `part` is empty when everything was run."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{commit}{part}.json"
    for again in range(2, 100):
        if not path.exists() or commit.endswith("-dirty"):
            break
        path = RESULTS / f"{commit}{part}.{again}.json"
    path.write_text(json.dumps({
        "commit": commit, "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cores": os.cpu_count(), "machine": platform.machine(), "load": load,
        "figures": rows}, indent=1) + "\n")


def show(rows):
    def text(v):
        return "" if v is None else f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.4g}"

    def noise(row):
        values = judged_runs(row)
        return "" if len(values) < 3 or not statistics.median(values) else (
            f"{100 * spread(values) / abs(statistics.median(values)):.0f} %")
    columns = ("figure", "value", "unit", "yardstick", "ratio", "spread", "must", "aim", "reached")
    rows = [dict(r, spread=noise(r)) for r in rows]
    lines = [columns] + [tuple(r[c] if isinstance(r[c], str) else text(r[c]) for c in columns) for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(c.ljust(w) if i in (0, 2, 8) else c.rjust(w)
                        for i, (c, w) in enumerate(zip(line, widths))).rstrip())
