"""Asks another interpreter for its version, and whether a call is right.

Each question is a job for a worker process, as in a measurement.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcost.model import abi
from callcost.model.contender import Contender
from callcost.model.group import Environment
from callcost.run.planning import SCOUTING
from callcost.run.process import WorkerError, WorkerProcess, describe_group

SILENCE_S = 20.0


def find(python: str) -> Environment:
    """Asks an interpreter for its version; raises WorkerError."""
    facts, _ = _try(python, ())
    return Environment(facts["implementation"] + abi.version(facts, parts=2), python, facts)


def check(environment: Environment, contender: Contender) -> str | None:
    """Evaluates a call once and checks the result; returns what is wrong, or None."""
    try:
        _, failed = _try(environment.python, [contender])
    except WorkerError as error:
        return f"{error.kind}: {error}"
    return failed.get(contender.name)


def _try(python: str, contenders: Sequence[Contender]) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the interpreter's facts, and the contenders that fail, each with the reason."""
    groups = [describe_group((contender,), SCOUTING) for contender in contenders]
    job = {"seed": 0, "groups": groups}
    facts: dict[str, str] = {}
    failed: dict[str, str] = {}
    with WorkerProcess(python, job, hash_seed=0, silence_s=SILENCE_S) as process:
        for event in process.events():
            match event:
                case {"event": "ready", "interpreter": dict(facts)}:
                    pass
                case {"event": "error", "group": int(number), "kind": kind, "message": message}:
                    failed[contenders[number].name] = f"{kind}: {message}"
    return facts, failed
