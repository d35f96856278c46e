"""Outcomes of `callcost time`, made without measuring."""

from __future__ import annotations

import numpy as np

from callcost.model.expression import Asked, read
from callcost.timing.flow import NAMES, Timed
from callcost.timing.look import Look, Value
from callcost.timing.time_limit import TimeLimit
from callcost.timing.versus import CALL, CONTROL, LOOP, Pairs, from_pairs
from callcost.timing.words import findings, remarks, value_sentences

NOBODY = lambda state: None  # noqa: E731 - who reports to nobody needs no name
SHORT = TimeLimit(1.0, 10)
SAME_VALUE = Value("int", "3", "full", "sure")


def made_up(
    cost_ns: float,
    other_ns: float,
    twin_ns: float | None = None,
    noise: float = 0,
    *,
    control: float = 1.0,
    asked: tuple[Asked, Asked] = (Asked("f(n)"), Asked("g(n)")),
    values: tuple[Value, Value] = (SAME_VALUE, SAME_VALUE),
    preempted: bool = False,
) -> Timed:
    """Makes the outcome of a run in which the calls took exactly these times, beside a loop of 0.2.

    `twin_ns` is for the second process of the first side, `control` the factor of its builtin.
    """
    calls, passes = 2000, 30
    shuffled = np.random.default_rng(1)
    costs_ns = np.array([cost_ns, cost_ns if twin_ns is None else twin_ns, other_ns, other_ns])
    quartets = []
    for _ in range(12):
        spread = 1 + noise * shuffled.standard_normal(4)
        rows = {
            CALL: costs_ns * spread + 0.2,
            LOOP: np.full(4, 0.2),
            CONTROL: 12.0 * np.array([control, control, 1, 1]),
        }
        quartets.append(
            {
                cell: np.rint(ns[:, None] * calls * np.ones(passes)).astype(np.int64)
                * (-1 if preempted else 1)
                for cell, ns in rows.items()
            }
        )
    sides = tuple(read(one, name) for one, name in zip(asked, NAMES, strict=True))
    looks = tuple(Look(value, 10.0, 0.1) for value in values)
    return Timed(sides, looks, (0, 1), from_pairs(Pairs(calls, quartets)))


def said_of(outcome: Timed) -> str:
    said = [*value_sentences(outcome), *findings(outcome)]
    return " ".join([*said, *(remarks(outcome, outcome.measured) if outcome.measured else [])])
