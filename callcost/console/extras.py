"""Optional libraries: check that the ones a command needs are installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from callcost.console.numbers import listed
from callcost.errors import CallcostError

LIBRARIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "history": {"duckdb": "DuckDB"},
        "inspect": {"abi3info": "abi3info", "lief": "LIEF", "pycxxfilt": "pycxxfilt"},
        "plot": {"matplotlib": "matplotlib", "scour": "scour"},
        "site": {
            "altair": "Altair",
            "jinja2": "Jinja2",
            "pygments": "Pygments",
            "vl_convert": "vl-convert",
        },
    }
)
"""For each extra of pyproject.toml, the modules it brings and the names of their projects."""


class MissingExtraError(CallcostError):
    """A library that a command needs is not installed; the text says how to install it."""


def require(user: str, extra: str) -> None:
    """Raise MissingExtraError if a library of an extra is missing. Import nothing.

    `user` is the command or option that needs it, as the message names it.
    """
    missing = [name for module, name in LIBRARIES[extra].items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"{user} needs {listed(missing)}. Install {'them' if missing[1:] else 'it'}: "
            f"pip install 'callcost[{extra}]'"
        )
