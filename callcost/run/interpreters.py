"""Asks another interpreter for its version, what it can import, and whether a call is right.

Each question is a job for a worker process, as in a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callcost.model import abi
from callcost.model.contender import Contender, Environment
from callcost.run.planning import SCOUTING
from callcost.run.process import WorkerError, WorkerProcess, describe_group

SILENCE_S = 20.0


def find(
    python: str, modules: Mapping[str, str] | None = None, imports: Sequence[str] = ()
) -> Environment:
    """Asks an interpreter for its version, and to import some modules; raises WorkerError.

    `modules` has the files of modules that are not installed there, by name.
    """
    modules = dict(modules or {})
    trials = [Contender(name, f"import {name}", "None") for name in imports]
    facts, missing = _try(python, modules, trials)
    name = facts["implementation"] + abi.version(facts, parts=2)
    return Environment(name, python, facts, modules, missing)


def check(environment: Environment, contender: Contender) -> str | None:
    """Evaluates a call once and checks the result; returns what is wrong, or None."""
    try:
        _, failed = _try(environment.python, environment.modules, [contender])
    except WorkerError as error:
        return f"{error.kind}: {error}"
    return failed.get(contender.name)


def _try(
    python: str, modules: dict[str, str], contenders: Sequence[Contender]
) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the interpreter's facts, and the contenders that fail, each with the reason."""
    groups = [describe_group((contender,), SCOUTING) for contender in contenders]
    job = {"seed": 0, "modules": modules, "groups": groups}
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
