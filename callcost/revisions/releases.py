"""Lists the releases of a package that an index offers between two versions."""

from __future__ import annotations

from packaging.version import Version

from callcost.revisions.cache import opened
from callcost.revisions.interpreter import find
from callcost.revisions.supervision import Supervision


def between(package: str, first: str, last: str, python: str | None) -> list[str]:
    """Lists the versions from `first` to `last`, both included, in their order.

    uv chooses them as it does for an environment: for this interpreter, from the user's index,
    without pre-releases and withdrawn files. Raises BuildError.
    """
    low, high = sorted((first, last), key=Version)
    interpreter = find(python)
    job = {
        "kind": "releases",
        "python": interpreter.executable,
        "package": package,
        "low": low,
        "high": high,
    }
    inside = Supervision(opened()).run(job, lambda _: None)["versions"]
    found = sorted({low, *inside, high}, key=Version)
    return found if low == first else found[::-1]
