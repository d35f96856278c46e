"""Builds mechanisms for another interpreter: `pypy3 bindings/_build/elsewhere.py`, in a checkout.

It only builds cffi's API mode: cffi comes with PyPy, but PyPy emulates CPython's C API for other
extensions. The core is not built again, so every interpreter calls the same machine code.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from setuptools import Distribution

# By the folder's name: callcost is not installed for the interpreter that runs this.
from bindings._build.build import BuildMechanisms
from bindings._build.declare import declared_extensions
from bindings._build.places import CORE_FILE, MANIFEST, ROOT, package_folders

MECHANISMS = ("cffi_api*",)


class BuildElsewhere(BuildMechanisms):  # type: ignore[misc] # imported at run time, see above
    """Builds extensions beside those of other interpreters, for the same core."""

    def _build_core(self) -> Path:
        core: Path = ROOT / "native" / CORE_FILE
        if not core.exists():
            sys.exit(f"Cannot find {CORE_FILE}. Install callcost first: pip install -e .")
        return core

    def _build_ladder(self) -> None:
        """Builds no rung: they do not depend on Python."""

    def _remove_stale_rungs(self) -> None:
        """Keeps the rungs that were built with the core."""

    def _extra_files(self) -> Iterator[tuple[Path, Path]]:
        yield Path(self.build_lib, "callcost", "bindings", MANIFEST), Path("bindings", MANIFEST)


def main() -> None:
    """Builds into the checkout, and prints what was left out."""
    # build.py names paths relative to it.
    os.chdir(ROOT)
    extensions, missing = declared_extensions(MECHANISMS)
    distribution = Distribution(
        {
            "ext_modules": [e for e in extensions if e.name.startswith("callcost.bindings.")],
            "package_dir": package_folders(),
        }
    )
    distribution.callcost_missing = missing
    command = BuildElsewhere(distribution)
    command.inplace = True
    with tempfile.TemporaryDirectory() as folder:
        command.build_lib, command.build_temp = folder + "/lib", folder + "/temp"
        command.ensure_finalized()
        command.run()
    for name, reason in command._missing.items():
        print(f"{name} is left out: {reason}")


if __name__ == "__main__":
    main()
