"""What a developer's environment must not change: the verdict of any test."""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping

# Variables that change how Python, pytest, git, a compiler or a terminal's text behaves.
UNWANTED = re.compile(
    r"PYTHON|_?PYTEST_|COV(ERAGE)?_|CALLCOST_|GIT_|MPL|NUMBA_|XDG_|LC_|LANG|COLUMNS$|LINES$"
    r"|(NO|FORCE|CLICOLOR_FORCE|CLICOLOR|PY)_?COLORS?|TTY_|(C|CPP|CXX|LD)FLAGS$|CALLGRIND_"
    r"|VALGRIND_OPTS|MALLOC_|GLIBC_TUNABLES|LD_PRELOAD|DISTUTILS_|SETUPTOOLS_"
)
# Those that say what is installed here, or where to keep what the tests make.
WANTED = re.compile(r"CALLCOST_SCREENSHOTS$|PYTEST_(CURRENT_TEST|XDIST_\w+)$")
# No key to sign with, no hook and no template of the developer's; any owner may have the checkout.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


def clear(environ: MutableMapping[str, str] = os.environ) -> None:
    """Removes what a newcomer's environment may not have, and sets what differs by machine."""
    for name in [name for name in environ if UNWANTED.match(name) and not WANTED.match(name)]:
        del environ[name]
    environ.update(GIT, LANG="C.UTF-8")
