"""Renders charts, and bundles the scripts that make them live, also in its own process.

`python -m callcost.benchmarks.site.render` reads a list of Vega-Lite charts as JSON from
standard input, and writes a list of SVG. For null, it writes the scripts instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import cache
from typing import Any

import vl_convert
from markupsafe import Markup

from callcost.errors import CallcostError

Spec = dict[str, Any]
# The newest Vega-Lite that Altair and the renderer know. A chart that does not fit it fails.
VEGALITE = "6.4"
# What the pages use of the bundle, which does not offer Vega without the embedding.
EXPORTED = "window.vegaEmbed = vegaEmbed;"
# Far above the seconds that all charts of a large site take.
LIMIT_S = 600
# Drawing fewer charts is faster than starting another process.
WORTH_A_PROCESS = 24


def svg(spec: Spec) -> Markup:
    """Renders a chart as SVG for a page that has the variables of the style sheet."""
    return Markup(vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE))


def compiled(spec: Spec) -> Spec:
    """Compiles a chart from Vega-Lite to Vega."""
    return vl_convert.vegalite_to_vega(spec, vl_version=VEGALITE)


@cache
def scripts() -> str:
    """Returns Vega and Vega-Embed as one script, which defines `vegaEmbed` alone."""
    return _in_a_process(None)[0]


def svgs(specs: Sequence[Spec], pool: Executor) -> list[Markup]:
    """Renders many charts, in as many processes as pay off; raises CallcostError."""
    size = max(WORTH_A_PROCESS, -(-len(specs) // (os.cpu_count() or 1)))
    shares = [specs[start : start + size] for start in range(0, len(specs), size)]
    return [Markup(drawn) for share in pool.map(_in_a_process, shares) for drawn in share]


def _in_a_process(specs: Sequence[Spec] | None) -> list[str]:
    try:
        done = subprocess.run(
            # -P: the working folder is not a place to import from.
            [sys.executable, "-P", "-m", __spec__.name],
            input=json.dumps(specs), stdout=subprocess.PIPE,
            encoding="utf-8", timeout=LIMIT_S, check=True,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CallcostError(f"Cannot draw the charts: {error}") from error
    return list(json.loads(done.stdout))


def main() -> None:
    """Renders what standard input describes."""
    specs = json.load(sys.stdin)
    if specs is None:
        drawn = ["{" + vl_convert.javascript_bundle(EXPORTED, vl_version=VEGALITE) + "}\n"]
    else:
        drawn = [svg(spec) for spec in specs]
    json.dump(drawn, sys.stdout)


if __name__ == "__main__":
    main()
