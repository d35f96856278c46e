"""Makes an environment's layouts: environments that differ only in how its libraries are linked.

A layout is a virtual environment, in which all but the relinked files are links to the first one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from callcost.layouts.builds import COMPILED, Layouts, digest, link_tree

READY_MADE = 'it was built elsewhere; from-source = ["{name}"] builds it here'


def arrange(
    layouts: Layouts,
    venv: Path,
    site: Path,
    worktree: str,
    built: Collection[str] = (),
) -> dict[str, object]:
    """Makes a virtual environment for each layout of what was built here.

    That is the project that was built in a worktree, and the distributions `built`. Returns
    `digests`, those of the relinked files of each layout by their places in it, and `unmoved`, why
    compiled files have no layouts, by their names.
    """
    files = compiled_files(site, worktree, built) if layouts.count else ()
    moved, unmoved = layouts.moved(files)
    digests = []
    for number, replaced in enumerate(moved, start=1):
        digests.append({str(path.relative_to(venv)): digest(new) for path, new in replaced.items()})
        link_tree(venv, layouts.folder / str(number), replaced)
    layouts.clean()
    reasons = {str(path.relative_to(site)): reason for path, reason in unmoved.items()}
    return {"digests": digests, "unmoved": reasons}


def compiled_files(site: Path, worktree: str, built: Collection[str] = ()) -> list[Path]:
    """Lists the compiled files of distributions from a worktree, and of others that were built."""
    mark = Path(worktree).parent.name
    return sorted(
        path
        for distribution in distributions(path=[str(site)])
        if mark in (distribution.read_text("direct_url.json") or "")
        or canonicalize_name(distribution.name) in built
        for path in _compiled(distribution)
    )


def ready_made(site: Path, named: Collection[str]) -> dict[str, str]:
    """Says why the compiled files of distributions have one layout, by their names."""
    return {
        str(path.relative_to(site)): READY_MADE.format(name=name)
        for distribution in distributions(path=[str(site)])
        if (name := canonicalize_name(distribution.name)) in named
        for path in _compiled(distribution)
        if path.is_relative_to(site)
    }


def _compiled(distribution: Distribution) -> Iterator[Path]:
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if path.suffix in COMPILED:
            yield path
