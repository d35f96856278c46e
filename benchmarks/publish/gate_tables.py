"""The tables of docs/comparing.md: how often recorded comparisons were right."""

from __future__ import annotations

import statistics
from typing import Any

from callcost.console.markdown import markdown_table
from callcost.paired.rules import DEFAULT_THRESHOLD, mirrored

Record = dict[str, Any]
LAYOUT_KINDS = {"layouts": "in many layouts", "one_layout": "as built"}


def runs_table(record: Record) -> str:
    """List the outcomes of the runs of each pair of revisions."""
    rows = []
    for label, runs in record["runs"].items():
        planted = {record["planted_row"]} if label in record["planted"] else set()
        codes = [run["exit_code"] for run in runs]
        found = sum(planted <= set(run["slower"]) for run in runs)
        false = sum(len(set(run["slower"]) - planted) for run in runs)
        rows.append(
            [
                f"planted to be {label} slower" if planted else label,
                str(len(runs)),
                *(str(codes.count(code)) for code in (0, 1, 3)),
                f"{found} of {len(runs)}" if planted else "–",
                f"{false} of {sum(len(run['changes']) for run in runs)}",
                f"{statistics.median(run['measuring_s'] for run in runs):.0f}",
                f"{statistics.median(run['wall_s'] for run in runs):.0f}",
            ]
        )
    headings = ["base against head", "runs", "exit 0", "exit 1", "exit 3", "planted row found",
                "other rows called slower", "measuring (s)", "all (s)"]  # fmt: skip
    return f"{markdown_table(headings, rows)}\n\n{_how(record)}\n\n{_by_default(record)}"


def _how(record: Record) -> str:
    mechanisms, workloads = record["mechanisms"], record["workloads"]
    return (
        "Made by `python -m callcost.benchmarks.validation.gate --json results/gate.json`: "
        f"{len(mechanisms) * len(workloads)} rows ({', '.join(mechanisms)}; "
        f"{', '.join(workloads)}), `--threshold {record['threshold_percent']}`. Half the runs of "
        "*same* compare an environment with itself, half two builds. *All*: with cached "
        f"environments; from an empty cache it took {record['cold']['wall_s']:.0f} s."
    )


def _by_default(record: Record) -> str:
    """Judge the intervals of the runs without a plant by the default threshold."""
    unchanged = (runs for label, runs in record["runs"].items() if label not in record["planted"])
    wide = [_beyond_default(run) for runs in unchanged for run in runs]
    restless = [
        row
        for row in sorted(set().union(*wide))
        if sum(row in names for names in wide) > len(wide) / 2
    ]
    settled = sum(names <= set(restless) for names in wide)
    but_for = f", except that of {', '.join(restless)}, whose processes differ more"
    return (
        f"Exit code 3 here: some row could be {record['threshold_percent']}% slower. In "
        f"{settled} of the {len(wide)} runs without a plant, every interval is within the default "
        f"threshold of {DEFAULT_THRESHOLD:.0%}{but_for * bool(restless)}."
    )


def _beyond_default(run: Record) -> set[str]:
    """Name the rows whose interval exceeds the default threshold."""
    lowest = mirrored(DEFAULT_THRESHOLD)
    changes = run["changes"].items()
    return {row for row, (_, low, high) in changes if low <= lowest or high >= DEFAULT_THRESHOLD}


def planted_table(record: Record) -> str:
    """List the plants: their size in instructions, inside C, and as measured."""
    rows = []
    for name, plant in record["planted"].items():
        before, after = plant["instructions"]
        runs = record["runs"].get(name, [])
        changes = [run["changes"][record["planted_row"]][0] for run in runs]
        rows.append(
            [
                name,
                str(plant["steps"]),
                f"{after - before:+,.0f} of {before:,.0f}",
                f"{plant['share_timed_in_c']:+.2%}",
                f"{statistics.median(changes):+.2%}",
                f"{min(changes):+.2%} to {max(changes):+.2%}",
            ]
        )
    headings = ["meant", "nops planted", "instructions", "timed inside C", "measured, median",
                "single runs"]  # fmt: skip
    return markdown_table(headings, rows)


def peers_table(record: Record) -> str:
    """List what other tools said of the same rows in the same hour."""
    row = record["planted_row"]
    measured = len(record["mechanisms"]) * len(record["workloads"])
    rows = []
    for label in dict.fromkeys(name.rpartition(", ")[0] for name in record["peers"]):
        same, planted = (record["peers"][f"{label}, {what}"] for what in ("same", "2%"))
        false = sum(len(set(run["slower"]) - {row}) for run in planted)
        rows.append(
            [
                f"`{label}`",
                str(len(same)),
                f"{sum(run['failed'] for run in same)} of {len(same)}",
                f"{sum(len(run['slower']) for run in same)} of {len(same) * measured}",
                f"{sum(row in run['slower'] for run in planted)} of {len(planted)}",
                f"{false} of {len(planted) * (measured - 1)}",
            ]
        )
    headings = ["", "runs", "same: runs that fail", "same: rows called slower",
                "2%: planted row found", "2%: other rows called slower"]  # fmt: skip
    return markdown_table(headings, rows)


def noops_table(record: Record) -> str:
    """List what comparisons say of commits that change no call."""
    rows = []
    for name, kinds in record["commits"].items():
        for kind, runs in kinds.items():
            changes = [change for run in runs for change, *_ in run["changes"].values()]
            rows.append(
                [
                    name,
                    LAYOUT_KINDS[kind],
                    str(len(changes)),
                    str(sum(len(run["slower"]) for run in runs)),
                    str(sum(len(run["faster"]) for run in runs)),
                    f"{min(changes):+.1%} to {max(changes):+.1%}",
                ]
            )
    headings = ["the commit", "compared", "rows", "called slower", "called faster",
                "changes, from least to most"]  # fmt: skip
    return f"{markdown_table(headings, rows)}\n\n{_how_noops(record)}"


def peeking_errors(record: Record) -> str:
    """List how often simulated comparisons that look after every quartet are wrong."""
    total = record["comparisons"]
    rows = [
        [
            case["noise"],
            str(case["layouts"]),
            f"±{case['luck_sd']:.1%}" if case["layouts"] > 1 else "–",
            *(f"{case[key] / total:.1%}" for key in ("alarms", "missed", "ordinary_missed")),
        ]
        for case in record["cases"]
    ]
    headings = ["noise", "layouts", "change over layouts", "no change: an alarm",
                "at the threshold: decided", "the same by ordinary intervals"]  # fmt: skip
    return f"{markdown_table(headings, rows)}\n\n{_how_peeking(record)}"


def _how_peeking(record: Record) -> str:
    return (
        "Made by `python -m callcost.benchmarks.validation.peeking --json results/peeking.json`: "
        f"{record['comparisons']:,} simulated comparisons of {record['rows']} rows in each line, "
        f"with a look after each of {record['quartets']} quartets. The ratio of two processes has "
        f"a standard deviation of {record['pair_sd']:.1%}; with *two states*, "
        f"{record['slow_share']:.0%} of the processes are {record['slow']:.0%} slower for life. "
        "Counted are comparisons in which any row is wrong at any look. *An alarm*: slower or "
        "faster, by a threshold of 0.5%."
    )


def peeking_quartets(record: Record) -> str:
    """List how many quartets simulated rows with normal noise need until they are settled."""
    rows = []
    for case in record["cases"]:
        for threshold in sorted({found["threshold"] for found in case["settled"]}):
            found = [each for each in case["settled"] if each["threshold"] == threshold]
            if case["noise"] == "normal":
                luck = f"±{case['luck_sd']:.1%}" if case["layouts"] > 1 else "–"
                cells = [_needed(each) for each in found]
                rows.append([str(case["layouts"]), luck, f"{threshold:.1%}", *cells])
    changes = [found["change"] for found in record["cases"][0]["settled"]]
    headings = [
        "layouts",
        "change over layouts",
        "threshold",
        *(f"{change:+.0%}" if change else "no change" for change in dict.fromkeys(changes)),
    ]
    return markdown_table(headings, rows)


def _needed(found: Record) -> str:
    """Write the median of the quartets, and the share of rows that were settled if not all."""
    if found["share"] < 0.01:
        return "–"
    rest = f" ({found['share']:.0%})" if found["share"] < 0.995 else ""
    return f"{found['median']:.0f}{rest}"


def _how_noops(record: Record) -> str:
    kinds = record["commits"].values()
    rows = sum(len(run["changes"]) for each in kinds for run in each["layouts"])
    loads = [run["load_1min"] for each in kinds for runs in each.values() for run in runs]
    return (
        "Made by `python -m callcost.benchmarks.validation.noops --json results/noops.json`: "
        f"{rows:,} rows in many layouts, and as many as built; `--threshold "
        f"{record['threshold_percent']}`. What was changed is in the sources of "
        f"{', '.join(record['mechanisms'])}. Load {min(loads):.1f} to {max(loads):.1f} on "
        f"{record['machine']['cpu_count']} CPUs."
    )


def bisect_table(record: Record) -> str:
    """Count how often the slow commit was found."""
    trials = record["trials"]
    right = [trial for trial in trials if trial["found"] == trial["planted"]]
    undecided = sum(trial["found"] is None for trial in trials)
    changes = [trial["change"][0] for trial in right if trial["change"]]
    comparisons = [trial["comparisons"] for trial in trials]
    row = [
        str(len(trials)),
        f"{len(right)} of {len(trials)}",
        str(len(trials) - len(right) - undecided),
        str(undecided),
        f"{min(changes):+.2%} to {max(changes):+.2%}" if changes else "–",
        f"{statistics.median(comparisons):.0f} ({min(comparisons)} to {max(comparisons)})",
        f"{statistics.median(trial['wall_s'] for trial in trials):.0f}",
    ]
    headings = ["trials", "slow commit found", "another found", "none found", "its change",
                "comparisons", "all (s)"]  # fmt: skip
    return f"{markdown_table(headings, [row])}\n\n{_how_bisect(record)}"


def _how_bisect(record: Record) -> str:
    loads = [trial["load_1min"] for trial in record["trials"]]
    return (
        "Made by `python -m callcost.benchmarks.validation.bisect --json results/bisect.json`: "
        f"{record['commits']} commits to a small extension module, in another order in each trial. "
        f"One adds {record['share_timed_in_c']:.2%} to a call, timed inside C, {record['noops']} "
        "add an unused function, and the others change no code. `--threshold "
        f"{record['threshold_percent']}`. *Comparisons* include that of both ends and the last "
        f"one; *all* includes the builds. Load {min(loads):.1f} to {max(loads):.1f} on "
        f"{record['machine']['cpu_count']} CPUs."
    )
