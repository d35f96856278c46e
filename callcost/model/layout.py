"""Other layouts of an environment: its libraries, linked in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from callcost.model.contender import Binary, Contender

AS_BUILT = 0
"""The number of the layout that the build itself made."""


@dataclass(frozen=True)
class Layout:
    """An environment that differs from another one only in how its libraries are linked.

    `python` is its interpreter; empty for the other one's, which finds the packages of this one in
    `folder`. `libraries` has the path and the SHA-256 of each library here, by its path there.
    """

    python: str
    libraries: Mapping[str, tuple[str, str]]
    folder: str = ""

    @classmethod
    def of(
        cls,
        folder: Path,
        digests: Mapping[str, str],
        place_of: Callable[[str], Path],
        python: str = "",
    ) -> Layout:
        """Returns the layout in a folder, whose libraries have these SHA-256, by their names.

        `place_of` tells where the other environment has a name.
        """
        libraries = {
            str(place_of(name)): (str(folder / name), sha256) for name, sha256 in digests.items()
        }
        return cls(python, libraries, str(folder))

    def contender(self, contender: Contender) -> Contender:
        """Returns the contender of the other environment with the libraries of this one."""
        command = tuple(self.libraries.get(word, (word, ""))[0] for word in contender.program)
        binaries = tuple(map(self._here, contender.binaries))
        return replace(contender, binaries=binaries, program=command)

    def _here(self, binary: Binary) -> Binary:
        path, sha256 = self.libraries.get(binary.path, (binary.path, binary.sha256))
        return replace(binary, path=path, sha256=sha256)
