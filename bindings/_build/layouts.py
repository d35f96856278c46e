"""Links the suite's own files in further layouts, which a run loads one after the other.

A layout is a folder of links to the checkout, with its own compiled files. It precedes the
checkout on a worker's path.
"""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callcost.layouts.builds import COMPILED, Layouts, digest, link_tree

from .places import ABI_TAG, MANIFEST, ROOT, SUITE

VARIABLE = "CALLCOST_LAYOUTS"
COUNT = 16
# As many as the estimates need for an interval.
LEAST = 6
FOLDER = ROOT / "build" / f"layouts.{ABI_TAG}"
FACTS_FILE = "layouts.json"


@contextmanager
def linked(count: int) -> Iterator[None]:
    """Has what is built meanwhile linked in so many layouts; removes those of earlier builds."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    if not count:
        yield
        return
    FOLDER.mkdir(parents=True)
    layouts = Layouts(FOLDER, count, aligned=False, programs=True)
    before = dict(os.environ)
    os.environ.update(layouts.variables(before, sysconfig.get_config_vars("CC", "CXX")))
    try:
        yield
        _arrange(layouts)
    except BaseException:
        shutil.rmtree(FOLDER, ignore_errors=True)
        raise
    finally:
        os.environ.clear()
        os.environ.update(before)


def _arrange(layouts: Layouts) -> None:
    """Makes the folders of the layouts, and records their hashes."""
    built = _built_files()
    moved, unmoved = layouts.moved(built)
    facts = {
        "built": {built[path]: digest(path) for path in built if path not in unmoved},
        "digests": [
            {built[path]: digest(new) for path, new in replaced.items()} for replaced in moved
        ],
        "unmoved": {built[path]: reason for path, reason in unmoved.items()},
    }
    for number, replaced in enumerate(moved, start=1):
        for top, package in SUITE.items():
            link_tree(ROOT / top, FOLDER / str(number) / package.replace(".", "/"), replaced)
    layouts.clean()
    (FOLDER / FACTS_FILE).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _built_files() -> dict[Path, str]:
    """Returns the names in the manifest of the compiled files in the checkout."""
    names = json.loads((ROOT / "bindings" / MANIFEST).read_text(encoding="utf-8"))["files"]
    tops = sorted(SUITE.items(), key=lambda item: len(item[1]), reverse=True)
    found = {}
    for name in names:
        # Programs have no suffix.
        if Path(name).suffix in ("", *COMPILED):
            top, package = next(
                (top, package) for top, package in tops if name.startswith(package.replace(".", "/"))
            )
            found[ROOT / top / Path(name).relative_to(package.replace(".", "/"))] = name
    return found
