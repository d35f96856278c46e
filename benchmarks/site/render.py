"""Renders charts and bundles the scripts that make them live; also as a process of its own.

`python -m callcost.benchmarks.site.render` reads a list of Vega-Lite charts as JSON from
standard input, and writes a list of SVG.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any, ClassVar

import vl_convert
from markupsafe import Markup

from callcost.benchmarks.site.smaller import smaller
from callcost.errors import CallcostError

# The newest grammar that both Altair and the renderer know; a chart that it does not fit fails.
VEGALITE = "6.4"
# What of the bundle the pages use. Vega alone, without the embedding, cannot be had from it.
EXPORTED = "window.vegaEmbed = vegaEmbed;"
# All charts of a large site take seconds.
LIMIT_S = 600
Spec = dict[str, Any]


def svg(spec: Spec) -> Markup:
    """Renders a chart as SVG, to stand in a page that has the style sheet's variables."""
    return smaller(vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE))


def compiled(spec: Spec) -> Spec:
    """Returns a chart as Vega takes it, which is what Vega-Lite is made into."""
    return vl_convert.vegalite_to_vega(spec, vl_version=VEGALITE)


def javascript() -> str:
    """Returns Vega and Vega-Embed as a script, which leaves no name but `vegaEmbed`."""
    return "{" + vl_convert.javascript_bundle(EXPORTED, vl_version=VEGALITE) + "}\n"


class Renderer:
    """Renders charts, or bundles the scripts, in a process of its own, while this one goes on."""

    def __init__(self, specs: Sequence[Spec] | None) -> None:
        # Files, not pipes: neither process ever waits for the other to read.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as asked:
            json.dump(specs, asked)
            asked.seek(0)
            self._answer = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
            self._process = subprocess.Popen(
                # -P: the working folder is no place to import from.
                [sys.executable, "-P", "-m", __spec__.name],
                stdin=asked,
                stdout=self._answer,
            )

    def finish(self) -> list[Markup]:
        """Returns what was asked for; raises CallcostError if that has failed."""
        with self._answer:
            try:
                code = self._process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                raise CallcostError(
                    f"Cannot draw the charts: the process that renders them hangs ({LIMIT_S} s)"
                ) from None
            finally:
                self.abandon()
            if code:
                raise CallcostError(
                    f"Cannot draw the charts: the process that renders them ended with code {code}"
                )
            self._answer.seek(0)
            return [Markup(drawn) for drawn in json.load(self._answer)]

    def abandon(self) -> None:
        """Ends the process if it has not ended yet."""
        self._process.kill()
        self._process.wait()


class Scripts:
    """Vega and Vega-Embed, bundled in a process of its own by the first who asks."""

    _known: ClassVar[str] = ""

    def __init__(self) -> None:
        self._renderer = None if Scripts._known else Renderer(None)

    def finish(self) -> str:
        """Returns the scripts; raises CallcostError."""
        if self._renderer is not None:
            Scripts._known = self._renderer.finish()[0]
        return Scripts._known

    def abandon(self) -> None:
        """Ends what is still under way."""
        if self._renderer is not None:
            self._renderer.abandon()


def main() -> None:
    """Renders what standard input describes; null there asks for the scripts."""
    specs = json.load(sys.stdin)
    json.dump([javascript()] if specs is None else [svg(spec) for spec in specs], sys.stdout)


if __name__ == "__main__":
    main()
