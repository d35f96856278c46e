"""What was found in a library, for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from callcost.inspect.calling import obstacle
from callcost.inspect.extension import extension, python_api, read_name
from callcost.inspect.facts import Export, Library
from callcost.inspect.sentences import describe


def document(library: Library, file_name: str) -> dict[str, Any]:
    """Return the facts, what follows from them, and the sentences."""
    found, api = extension(library, file_name), python_api(library)
    return {
        **asdict(library),
        "exports": [_export(export) for export in library.exports],
        "extension": None
        if found is None
        else {**asdict(found), "abi_tag": read_name(file_name).tag},
        "python_api": None
        if api is None
        else {
            "supplier": api.supplier,
            "in_stable_abi_since": {
                name: None if since is None else str(since) for name, since in api.since.items()
            },
            "keeps_to_limited_api": not api.outside,
            "least_python": None if api.least is None else str(api.least),
        },
        "sentences": list(describe(library, file_name)),
    }


def _export(export: Export) -> dict[str, Any]:
    hindrance = obstacle(export)
    return {
        **asdict(export),
        "callable_by_plain_name": hindrance is None,
        "why_not": None if hindrance is None else hindrance.reason,
    }
