"""Verdicts on made-up times with known differences."""

from __future__ import annotations

import json
import re

import junitparser
import numpy as np
import pytest

from callcost.compare import reports
from callcost.compare.outcome import (
    INCONCLUSIVE,
    NOTHING_SLOWER,
    SOMETHING_SLOWER,
    USAGE,
    Outcome,
    SideFacts,
)
from callcost.compare.table import lines
from callcost.paired.measure import Comparison
from callcost.paired.rows import BASE, CONTROL, HEAD, Cell, PairedTimes, RowFailure, Side
from callcost.paired.rules import Rules
from callcost.paired.verdict import (
    FASTER,
    NOT_SLOWER,
    SAME,
    SLOWER,
    UNDECIDED,
    costs_ns,
    decide,
    hopeless,
    quartet_logs,
    twin_logs,
)

RULES = Rules(threshold=0.02, rows=15)


def made(
    shares: tuple[float, float, float, float] = (0, 0, 0, 0),
    *,
    seed: int = 1,
    quartets: int = 20,
    between: float = 0.005,
    luck: dict[int, float] | None = None,
) -> PairedTimes:
    """Makes times in which each of the four processes is slower by a given share.

    `between` is how much processes differ. `luck` has how much slower each layout makes head;
    quartets take turns through the layouts.
    """
    random = np.random.default_rng(seed)
    times = PairedTimes(calls=100)
    luck = luck or {0: 0.0}
    for number in range(quartets):
        levels = np.array(shares) + random.normal(0, between, 4)
        times.layouts.append(list(luck)[number % len(luck)])
        levels[2:] += luck[times.layouts[-1]]
        noise = random.normal(0, 0.005, (4, 40))
        epochs = 1e6 * np.exp(levels[:, None] + noise)
        times.quartets.append(np.rint(epochs).astype(np.int64))
    return times


@pytest.mark.parametrize(
    ("shares", "word"),
    [((0, 0, 0, 0), SAME), ((0, 0, 0.05, 0.05), SLOWER), ((0, 0, -0.05, -0.05), FASTER)],
)
def test_a_change_beyond_the_noise_is_named(
    shares: tuple[float, float, float, float], word: str
) -> None:
    verdict = decide(made(shares), RULES)
    assert verdict.word == word
    assert verdict.change.low < np.expm1(shares[2]) < verdict.change.high
    assert verdict.quartets == 20


def test_equal_sides_are_rarely_called_slower() -> None:
    words = [decide(made(seed=seed, between=0.01), Rules(0.0, 15)).word for seed in range(400)]
    # 95% for 15 rows together: of 400 equal rows, an interval alone may call about one
    # different, and half of these slower.
    assert words.count(SLOWER) <= 3
    assert words.count(SAME) == 0  # a threshold of nothing cannot be shown to be kept


def test_more_rows_need_more_evidence() -> None:
    times = made((0, 0, 0.035, 0.035), quartets=20)
    assert decide(times, Rules(0.02, 1)).word == SLOWER
    assert decide(times, Rules(0.02, 100_000)).word == UNDECIDED


def test_a_change_below_the_threshold_never_counts() -> None:
    times = made((0, 0, 0.01, 0.01), between=0.0005)
    assert decide(times, RULES).word == SAME
    assert decide(times, Rules(0.005, 15)).word == SLOWER


def test_the_last_pattern_that_matches_sets_the_threshold_of_a_row() -> None:
    rules = Rules(0.02, 2, {"*": 0.03, "work-*": 0.2, "work-calm[1]": 0.3, "other-*": 0.4})
    cells = Cell("work", "slow"), Cell("work", "calm[1]"), Cell("text", "x"), CONTROL
    assert [rules.of(cell).threshold for cell in cells] == [0.2, 0.3, 0.03, 0.02]
    assert rules.of(cells[0]).confidence == rules.confidence


def test_a_row_is_judged_by_its_own_threshold() -> None:
    rows = {"slow": made((0, 0, 0.05, 0.05)), "calm": made(), "odd": made((0, 0, 0, 0.06))}
    found = outcome(rows)
    assert found.moved and found.exit_code == INCONCLUSIVE
    found = outcome(rows)
    found.rules = Rules(0.02, 3, {"*-slow": 0.1, "*-odd": 0.15})
    assert not found.moved and found.exit_code == NOTHING_SLOWER
    assert found.limit == "the row's threshold"
    found.rules = Rules(0.1, 3, {"*-slow": 0.01})
    del found.rows
    assert [row.cell.mechanism for row in found.of(SLOWER)] == ["slow"]
    thresholds = {
        r["mechanism"]: r["threshold"] for r in json.loads(reports.as_json(found))["rows"]
    }
    assert thresholds == {"slow": 0.01, "calm": 0.1, "odd": 0.1}


def test_a_change_within_the_twins_difference_does_not_count() -> None:
    # Head is 3% slower, and one of its processes is always 6% slower than the other.
    verdict = decide(made((0, 0, 0.03, 0.09), between=0.0005), RULES)
    assert verdict.change.value == pytest.approx(0.0305, abs=0.001)
    assert verdict.floor == pytest.approx(0.0618, abs=0.001)
    assert verdict.word == UNDECIDED


def test_a_process_that_is_slow_for_life_is_no_change() -> None:
    # One process in six is 15% slower, on either side, as its memory happens to lie.
    random = np.random.default_rng(3)
    times = made(quartets=0)
    for _ in range(20):
        shares = tuple(0.15 * (random.random(4) < 1 / 6))
        times.quartets += made(shares, seed=int(random.integers(9**9)), quartets=1).quartets
        times.layouts.append(0)
    assert np.nanmax(np.abs(np.concatenate(twin_logs(times)))) > 0.1
    verdict = decide(times, RULES)
    assert verdict.word == SAME
    # A real change shows as clearly.
    for quartet in times.quartets:
        quartet[2:] = np.rint(quartet[2:] * 1.05)
    assert decide(times, RULES).word == SLOWER


def test_a_process_without_epochs_is_not_the_faster_one() -> None:
    times = made((0, 0, 0.05, 0.05), quartets=12)
    for quartet in times.quartets:
        quartet[2] *= -1
    assert quartet_logs(times) == pytest.approx(np.full(12, 0.05), abs=0.01)
    times.quartets[0][3] *= -1
    assert np.isnan(quartet_logs(times)[0])


def test_the_luck_of_a_layout_is_not_a_change() -> None:
    # Most quartets have the layout in which head happens to be 5% slower.
    shares = np.random.default_rng(2).normal(0, 0.01, 16)
    luck = {0: 0.05, **dict(enumerate(shares - shares.mean(), start=1))}
    times = made(luck=luck, quartets=17, between=0.001)
    for _ in range(20):
        times.quartets.append(times.quartets[0])
        times.layouts.append(0)
    verdict = decide(times, Rules(0.02, 1))
    assert verdict.word == SAME
    assert verdict.change.low < 0 < verdict.change.high
    assert verdict.as_built.value == pytest.approx(np.expm1(0.05), abs=0.004)
    assert verdict.spread == pytest.approx(np.std([*luck.values()], ddof=1), rel=0.1)
    found = outcome({"lucky": times, "calm": made(), "slow": made((0, 0, 0.1, 0.1))})
    assert [row.cell.mechanism for row in found.lucky] == ["lucky"]
    said = next(line for line in lines(found) if "happens" in line)
    assert re.fullmatch(
        r"work-lucky: this build happens to be 4\.8\d% slower \(\+.*\); its code is not\.", said
    )


def test_the_quartets_of_a_layout_count_as_one() -> None:
    # 10 quartets in each of two layouts, and one layout is lucky: two values decide nothing.
    verdict = decide(made(luck={0: 0.0, 1: 0.05}, between=0.001), RULES)
    assert verdict.word == UNDECIDED
    assert verdict.quartets == 20
    # As many in one layout show a change.
    assert decide(made((0, 0, 0.05, 0.05), between=0.001), RULES).word == SLOWER


def test_a_few_libraries_with_one_layout_are_named() -> None:
    found = outcome({"calm": made()})
    found.unmoved = {f"{name}.so": "it cannot be moved" for name in "abcde"}
    said = next(line for line in lines(found) if line.startswith("One layout only"))
    assert said.endswith("a.so, b.so, c.so and 2 more (it cannot be moved).")


def test_a_slower_code_is_slower_in_every_layout() -> None:
    luck = dict(enumerate(np.random.default_rng(3).normal(0, 0.01, 17)))
    verdict = decide(made((0, 0, 0.05, 0.05), luck=luck, quartets=17), RULES)
    assert verdict.word == SLOWER
    assert verdict.change.low < np.expm1(0.05) < verdict.change.high


def test_preempted_epochs_do_not_count() -> None:
    times = made()
    for epochs in times.quartets:
        epochs[2, ::2] = -1000 * epochs[2, ::2]
    assert decide(times, RULES).word == SAME
    for epochs in times.quartets:
        epochs[2] = -abs(epochs[2])
    # Head's other process remains.
    assert decide(times, RULES).change.value == pytest.approx(0, abs=0.005)


def test_too_few_quartets_decide_nothing() -> None:
    assert decide(made((0, 0, 1, 1), quartets=2), RULES).word == UNDECIDED


def test_costs_are_per_call() -> None:
    base_ns, head_ns = costs_ns(made((0, 0, np.log(2), np.log(2)), between=0.0001))
    assert base_ns == pytest.approx(1e4, rel=0.01)
    assert head_ns == pytest.approx(2e4, rel=0.01)


def test_a_row_that_layouts_make_undecidable_is_given_up() -> None:
    def lucky(deviation: float, layouts: int = 17) -> dict[int, float]:
        return dict(enumerate(np.random.default_rng(4).normal(0, deviation, layouts)))

    far = made(luck=lucky(0.05), quartets=20, between=0.001)
    assert hopeless(far, RULES, layouts=17, quartets=1000)
    # More layouts can decide it, and so can a larger threshold.
    assert not hopeless(far, RULES, layouts=1000, quartets=1000)
    assert not hopeless(far, Rules(0.1, 15), layouts=17, quartets=1000)
    # A single disturbed layout is left out.
    odd = made(luck={**lucky(0.001), 3: 0.5}, quartets=20, between=0.001)
    assert not hopeless(odd, RULES, layouts=17, quartets=1000)
    # A few quartets show too little of the spread.
    assert not hopeless(made(luck=lucky(0.05), quartets=19), RULES, layouts=17, quartets=1000)
    # What processes add is averaged away, if there is time.
    noisy = made(luck=lucky(0), between=0.03, quartets=20)
    assert decide(noisy, RULES).word == UNDECIDED
    assert hopeless(noisy, RULES, layouts=17, quartets=5)
    assert not hopeless(noisy, RULES, layouts=17, quartets=200)
    assert not hopeless(made(between=0.03), RULES, layouts=1, quartets=200)


def outcome(
    rows: dict[str, PairedTimes], *, control: PairedTimes | None = None, same_build: bool = True
) -> Outcome:
    sides = {
        BASE: Side(BASE, "the base", "python", "one"),
        HEAD: Side(HEAD, "the head", "python", "one" if same_build else "other"),
    }
    measured = {Cell("work", name): times for name, times in rows.items()}
    measured[CONTROL] = control or made()
    comparison = Comparison(sides, measured)
    facts = SideFacts("main", "main (1234567)"), SideFacts(".", "the working tree")
    return Outcome(*facts, Rules(0.02, len(rows)), comparison)


def words(found: Outcome) -> dict[str, str]:
    return {row.cell.mechanism: row.verdict.word for row in found.rows}


SLOW, QUICK, OPEN = (
    made((0, 0, 0.05, 0.05)),
    made((0, 0, -0.05, -0.05)),
    made(between=0.2, seed=3),
)


def test_each_outcome_has_its_exit_code_and_headline() -> None:
    nothing = outcome({"calm": made(), "quick": QUICK})
    assert nothing.exit_code == NOTHING_SLOWER
    assert nothing.headline == "Nothing is slower: 2 rows."
    slower = outcome({"calm": made(), "slow": SLOW, "open": OPEN})
    assert slower.exit_code == SOMETHING_SLOWER
    assert slower.headline == "Slower: 1 of 3 rows."
    assert [row.cell.mechanism for row in slower.rows] == ["slow", "open", "calm"]
    opened = outcome({"calm": made(), "open": OPEN})
    assert opened.exit_code == INCONCLUSIVE
    assert opened.headline.startswith("Could not be decided: 1 of 2 rows may be slower by more")


def test_a_control_that_moved_makes_it_inconclusive() -> None:
    moved = outcome({"slow": SLOW}, control=SLOW)
    assert moved.exit_code == INCONCLUSIVE
    assert "a builtin function that neither side can have changed became" in moved.headline
    # Two interpreters may differ in a builtin function too.
    assert outcome({"slow": SLOW}, control=SLOW, same_build=False).exit_code == SOMETHING_SLOWER


def test_twins_that_differ_make_it_inconclusive() -> None:
    restless = outcome({"slow": SLOW, "odd": made((0, 0, 0, 0.2))})
    assert restless.exit_code == INCONCLUSIVE
    assert restless.moved == ["work-odd: two processes of head differed by 21.8%"]
    # No report may say slower when the exit code says undecided.
    assert words(restless) == {"slow": UNDECIDED, "odd": UNDECIDED}


def test_a_failing_head_exits_with_2() -> None:
    broken = outcome({"calm": made()})
    cell = Cell("work", "broken")
    broken.comparison.failures.append(RowFailure(cell, BASE, "crash", "it died"))
    assert broken.exit_code == NOTHING_SLOWER
    broken.comparison.failures.append(RowFailure(cell, HEAD, "crash", "it died"))
    assert broken.exit_code == USAGE
    assert broken.headline == "1 row failed in head; 1 row measured."


def test_a_row_that_excludes_slower_passes() -> None:
    # The interval reaches far beyond the threshold, on the good side only.
    wide = made((0, 0, -0.05, -0.05), between=0.08)
    verdict = decide(wide, RULES)
    assert verdict.change.low < -0.1 and -0.02 < verdict.change.high < 0.02
    assert verdict.word == NOT_SLOWER
    passed = outcome({"calm": made(), "wide": wide})
    assert passed.exit_code == NOTHING_SLOWER
    assert passed.headline == "Nothing is slower: 2 rows."
    # The same width on the other side could be slower.
    assert outcome({"wide": made((0, 0, 0.05, 0.05), between=0.08)}).exit_code == INCONCLUSIVE


def test_a_faster_row_whose_twins_differ_by_less_passes() -> None:
    # Both processes of head are far faster, one of them more so.
    found = outcome({"odd": made((0, 0, -0.9, -0.7), between=0.001)})
    assert len(found.moved) == 1
    assert words(found) == {"odd": NOT_SLOWER}
    assert found.exit_code == NOTHING_SLOWER
    # Here the twins differ by more than the row became faster.
    found = outcome({"odd": made((0, 0, -0.1, 0.1), between=0.001)})
    assert words(found) == {"odd": UNDECIDED}
    assert found.exit_code == INCONCLUSIVE


@pytest.mark.parametrize("shift", [0.05, -0.05])
def test_a_row_faster_than_the_moved_control_still_passes(shift: float) -> None:
    moved = made((0, 0, shift, shift), between=0.001)
    found = outcome({"calm": made(), "quick": made((0, 0, -0.5, -0.5))}, control=moved)
    assert words(found) == {"calm": UNDECIDED, "quick": NOT_SLOWER}
    assert found.exit_code == INCONCLUSIVE
    alone = outcome({"quick": made((0, 0, -0.5, -0.5))}, control=moved)
    assert alone.exit_code == NOTHING_SLOWER


def test_what_more_time_cannot_decide_is_named() -> None:
    found = outcome({"calm": made(), "open": OPEN})
    assert "Measure longer (--budget), with a larger --threshold" in found.headline
    found.comparison.given_up = [Cell("work", "open")]
    assert "Measure with a larger --threshold" in found.headline
    assert any("for the threshold: work-open." in line for line in lines(found))


def few_epochs(times: PairedTimes, kept: int) -> PairedTimes:
    """Marks all but this many epochs of each process as preempted."""
    for epochs in times.quartets:
        epochs[:, kept:] *= -1
    return times


def zeros(times: PairedTimes) -> PairedTimes:
    for epochs in times.quartets:
        epochs[:] = 0
    return times


def one_process_unknown(times: PairedTimes) -> PairedTimes:
    # Half of the pairs are known, but no twin of one side.
    for epochs in times.quartets:
        epochs[1] = 0
    return times


UNKNOWN_TIMES = {
    "no quartet": made(quartets=0),
    "few quartets": made((0, 0, -0.5, -0.5), quartets=2),
    "one epoch": few_epochs(made(), 1),
    "few epochs": few_epochs(made((0, 0, -0.5, -0.5)), 4),
    "zeros": zeros(made()),
    "no twin": one_process_unknown(made()),
}


@pytest.mark.parametrize("kind", UNKNOWN_TIMES)
def test_unknown_figures_decide_nothing(kind: str) -> None:
    times = UNKNOWN_TIMES[kind]
    assert decide(times, RULES).word == UNDECIDED
    found = outcome({"odd": times, "calm": made()})
    assert found.exit_code == INCONCLUSIVE
    assert words(found) == {"odd": UNDECIDED, "calm": SAME}
    assert found.headline.startswith("Could not be decided: 1 of 2 rows")
    assert f"Other rows: 1 {UNDECIDED}, 1 same." in reports.markdown(found)
    document = json.loads(reports.as_json(found), parse_constant=pytest.fail)
    assert document["exit_code"] == INCONCLUSIVE
    assert b"skipped" in reports.junit(found)
    assert not re.search(r"\bnan\b", "\n".join([reports.markdown(found), *lines(found)]))


def test_five_epochs_are_enough() -> None:
    assert decide(few_epochs(made(), 5), RULES).word == SAME


def test_an_unknown_control_decides_nothing() -> None:
    found = outcome({"slow": SLOW, "calm": made()}, control=zeros(made()))
    assert found.exit_code == INCONCLUSIVE
    assert "too few epochs of the control" in found.headline
    assert words(found) == {"slow": UNDECIDED, "calm": UNDECIDED}


@pytest.mark.parametrize("threshold", [np.nan, -np.inf])
def test_a_nan_threshold_decides_nothing(threshold: float) -> None:
    assert decide(made(), Rules(threshold)).word == UNDECIDED


def test_every_report_agrees_with_the_exit_code() -> None:
    found = outcome({"slow": SLOW, "quick": QUICK, "calm": made()})
    (suite,) = junitparser.JUnitXml.fromstring(reports.junit(found))
    cases = {case.name: case.result for case in suite}
    assert found.exit_code == SOMETHING_SLOWER
    assert [name for name, result in cases.items() if result] == ["slow"]
    # A moved control withdraws the verdict in every report.
    doubted = outcome({"slow": SLOW, "calm": made()}, control=SLOW)
    assert doubted.exit_code == INCONCLUSIVE
    assert b"<failure" not in reports.junit(doubted)
    assert "slower**" not in reports.markdown(doubted)
    verdicts = [row["verdict"] for row in json.loads(reports.as_json(doubted))["rows"]]
    assert verdicts == [UNDECIDED, UNDECIDED]
