"""Compilers that do not optimise: for tests of what is built, and not of how fast it is."""

from __future__ import annotations

from pathlib import Path

# The last of two options counts: each file is compiled as its flags say, but not optimised.
SCRIPT = '#!/bin/sh\nexec {compiler} "$@" -O0\n'


def quick(folder: Path) -> dict[str, str]:
    """Writes a C and a C++ compiler that finish soon; returns the variables that name them."""
    folder.mkdir()
    scripts = {"CC": folder / "cc", "CXX": folder / "c++"}
    for script in scripts.values():
        script.write_text(SCRIPT.format(compiler=script.name))
        script.chmod(0o755)
    variables = {name: str(script) for name, script in scripts.items()}
    return {**variables, "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0"}
