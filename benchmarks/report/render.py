"""Renders charts and bundles the scripts that make them live; also as a process of its own.

`python -m callcost.benchmarks.report.render` reads a list of Vega-Lite charts as JSON from
standard input, and writes a list of SVG.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import vl_convert
from markupsafe import Markup

from callcost.benchmarks.report.smaller import smaller

# The newest grammar that both Altair and the renderer know; a chart that it does not fit fails.
VEGALITE = "6.4"
# What of the bundle the pages use. Vega alone, without the embedding, cannot be had from it.
EXPORTED = "window.vegaEmbed = vegaEmbed;"
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
        # -P: the working folder is no place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(specs))
        self._process.stdin.close()

    def finish(self) -> list[Markup]:
        """Returns what was asked for; raises CalledProcessError if that has failed."""
        assert self._process.stdout is not None
        text = self._process.stdout.read()
        if self._process.wait():
            raise subprocess.CalledProcessError(self._process.returncode, self._process.args)
        return [Markup(drawn) for drawn in json.loads(text)]

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
        """Returns the scripts; raises CalledProcessError."""
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
