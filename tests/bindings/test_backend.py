"""The build backend: what it asks for, with and without the optional mechanisms."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib

import pytest
from checkout import ROOT

pytest.importorskip("setuptools", reason="the build runs in setuptools, which is not installed")


pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="not a checkout")


@pytest.mark.parametrize(
    "hook", ["get_requires_for_build_wheel", "get_requires_for_build_editable"]
)
def test_optional_tools_come_only_when_asked_for(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = importlib.import_module("callcost.bindings._build.backend")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(backend.build_meta, hook, lambda settings: ["from setup.py"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    optional = project["tool"]["callcost"]["optional-build-requires"]
    asked = getattr(backend, hook)
    assert asked() == asked({"mechanisms": "core"}) == ["from setup.py"]
    assert asked({"mechanisms": "all"}) == ["from setup.py", *optional]
    with pytest.raises(SystemExit, match="mechanisms=some is not known: say mechanisms=core or"):
        asked({"mechanisms": "some"})


def test_every_command_works_with_the_oldest_pip() -> None:
    # Debian 12's virtual environments have pip 23.0, which does not know the short option.
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=True
    )
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in listed.stdout.split("\0")
        if name.endswith((".md", ".py", ".toml", ".ini", ".yml")) or name.startswith(".ci/")
    }
    assert len(texts) > 100
    short = re.compile(r"\b(pip|install|wheel)\b[^|&;\n]* -C\b")
    assert [name for name, text in texts.items() if short.search(text)] == []
