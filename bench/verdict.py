"""Is a figure of one result worse or better than that of another, or is it noise?

Noise is measured, not assumed, in four ways, and a change must be beyond all of them:

- the runs of both sides in one order (Mann and Whitney's U, exact for few runs): orders as one-sided as
  this would come up in fewer than CHANCE of comparisons if nothing had changed;
- the medians lie further apart than SPREADS times the spread of the runs, and further than results of one
  and the same commit did, where there are several;
- half a percent;
- for figures without a yardstick: further than the yardsticks themselves moved from one result to the
  other, since they are the same programs. What moved them is the machine.

A ratio that changed by less than its own yardstick moved is "unclear": another state of the machine costs the
yardstick more than it costs Porchlight, or less. Both are to be measured again.
"""
import dataclasses
import math
import statistics

from results import judged_runs, spread

CHANCE = 0.01
SPREADS = 2
LEAST = 0.005  # a change by less is none, however exact the figure
EXACT_MAX = 24  # runs of both sides together; above, the normal approximation does
EXACT_UNITS = ("B", "bytes", "")  # what the machine's speed does not move


def ranks(values):
    """Twice the rank of each, so that ties have whole numbers too."""
    order = sorted(values)
    first, last = {}, {}
    for i, v in enumerate(order):
        first.setdefault(v, i)
        last[v] = i
    return [first[v] + last[v] + 2 for v in values]


def chance_of_higher(low, high):
    """How likely the second sample's ranks are as high as they are, or higher, by chance alone."""
    all_ranks = ranks(list(low) + list(high))
    found = sum(all_ranks[len(low):])
    n, m = len(low), len(high)
    if n + m > EXACT_MAX:
        ties = sum(t ** 3 - t for t in (all_ranks.count(r) for r in set(all_ranks)))
        variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
        u = found / 2 - m * (m + 1) / 2 - n * m / 2
        return 1.0 if variance == 0 else 0.5 * math.erfc((u - 0.5) / math.sqrt(2 * variance))
    ways = [{0: 1}] + [{} for _ in range(m)]  # [how many were taken][sum of their ranks]
    for r in all_ranks:
        for taken in range(m, 0, -1):
            for total, count in ways[taken - 1].items():
                ways[taken][total + r] = ways[taken].get(total + r, 0) + count
    return sum(c for total, c in ways[m].items() if total >= found) / math.comb(n + m, m)


@dataclasses.dataclass
class Verdict:
    figure: str
    old: float
    new: float
    noise: float  # in the figure's own unit: what a change must exceed
    chance: float
    word: str  # worse, better, same, unclear, or "too few runs"

    @property
    def change(self):
        return (self.new - self.old) / abs(self.old) if self.old else 0.0


def noise_of(sessions):
    """Of one commit: the spread within its sessions, and how far its sessions lie apart."""
    middles = [statistics.median(s) for s in sessions]
    within = spread([v - m for s, m in zip(sessions, middles) for v in s])
    return within, max(middles) - min(middles)


def moved(old_rows, new_rows):
    """The part by which the yardstick of a figure moved, up or down; 0 where there is none."""
    def middle(rows):
        return statistics.median(sum((r.get("yardstick_runs") or [r["yardstick"]] for r in rows), []))
    if not all(r["yardstick"] for r in old_rows + new_rows):
        return 0.0
    return math.expm1(abs(math.log(middle(new_rows) / middle(old_rows))))


def judge(figure, old_rows, new_rows, drift=0.0):
    """The rows of one figure, one for each result of either commit. `drift`: the part by which yardsticks moved."""
    old, new = ([judged_runs(r) for r in rows] for rows in (old_rows, new_rows))
    old_all, new_all = sum(old, []), sum(new, [])
    old_middle, new_middle = statistics.median(old_all), statistics.median(new_all)
    within, apart = (max(pair) for pair in zip(noise_of(old), noise_of(new)))
    noise = max(SPREADS * within, apart, LEAST * abs(old_middle))
    row = new_rows[-1]
    if row["ratio"] is None and row["unit"] not in EXACT_UNITS:
        noise = max(noise, drift * abs(old_middle))
    rises = new_middle > old_middle
    chance = chance_of_higher(*((old_all, new_all) if rises else (new_all, old_all)))
    if 1 / math.comb(len(old_all) + len(new_all), len(new_all)) > CHANCE:
        word = "too few runs"
    elif chance > CHANCE or abs(new_middle - old_middle) <= noise:
        word = "same"
    elif abs(new_middle - old_middle) <= moved(old_rows, new_rows) * abs(old_middle):
        word = "unclear"
    else:
        word = "better" if rises == row.get("more_is_better", True) else "worse"
    return Verdict(figure, old_middle, new_middle, noise, chance, word)


def by_figure(results):
    """{(name, figure): [row, ...]} over all results of a commit."""
    found = {}
    for result in results:
        for row in result["figures"]:
            found.setdefault((row.get("name", ""), row["figure"]), []).append(row)
    return found


def yardsticks_moved(old, new):
    """The part by which the middle one of the yardsticks moved between the results."""
    parts = [moved(old[key], new[key]) for key in sorted(old.keys() & new.keys())
             if all(r["yardstick"] for r in old[key] + new[key]) and old[key][0]["unit"] not in EXACT_UNITS]
    return statistics.median(parts) if parts else 0.0


def compare(old_results, new_results):
    """Verdicts of all figures that both have, in the order of the new ones; and the drift."""
    old, new = by_figure(old_results), by_figure(new_results)
    drift = yardsticks_moved(old, new)
    return [judge(f"{key[0]}: {key[1]}", old[key], new[key], drift) for key in new if key in old], drift
