"""Translates sources that bindings/*/build.py declare in other languages into C."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from setuptools import Extension
from setuptools.errors import CompileError


def package_of(extension: Extension) -> str:
    """Names the package of an extension."""
    return str(extension.name).rpartition(".")[0]


def inputs_of(extension: Extension) -> list[str]:
    """Lists the files that an extension is made from."""
    return [*extension.sources, *extension.depends]


def _cythonize(extension: Extension) -> None:
    """Replaces an extension's .pyx by the C that Cython makes of it."""
    from Cython.Build import cythonize

    (translated,) = cythonize(
        [extension],
        # A folder for each package: two mechanisms may share a .pyx.
        build_dir=f"build/cython/{package_of(extension)}",
        # Where .pxd files are: Cython cannot tell from the folders' names, which are not packages'.
        include_path=sorted({str(Path(path).parent) for path in inputs_of(extension)}),
        force=True,
        quiet=True,
    )
    extension.depends, extension.sources = inputs_of(extension), translated.sources


def _mypycify(extension: Extension) -> None:
    """Replaces an extension's .py by the C that mypyc makes of it."""
    from mypyc.build import mypycify

    (source,) = extension.sources
    # As a top-level module: from a package's module mypyc makes two extensions, and the first
    # loads the second.
    options = ["--explicit-package-bases", "--ignore-missing-imports", "--config-file="]
    options.append("--cache-dir=build/mypyc/cache")
    os.environ["MYPYPATH"] = str(Path(source).parent)
    try:
        (translated,) = mypycify(
            [*options, source], target_dir=f"build/mypyc/{package_of(extension)}"
        )
    except SystemExit as error:
        raise CompileError("mypyc reported the problem above") from error
    finally:
        del os.environ["MYPYPATH"]
    extension.depends, extension.sources = inputs_of(extension), translated.sources
    # Only the optimisation level, which mypyc's users get too; its other flags are about warnings.
    levels = [flag for flag in translated.extra_compile_args if flag.startswith("-O")]
    extension.last_flags = {Path(path).name: levels for path in translated.sources}
    extension.include_dirs = [*translated.include_dirs, *extension.include_dirs]


def _swig(extension: Extension) -> None:
    """Replaces an extension's .i by the C that SWIG makes of it, with a Python module beside it."""
    import swig

    (source,) = extension.sources
    folder = Path("build", package_of(extension).rpartition(".")[2])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{Path(source).stem}_wrap.c"
    options = [*extension.swig_opts, *(f"-I{path}" for path in extension.include_dirs)]
    # The one from PyPI: its version is in the manifest.
    program = Path(swig.BIN_DIR, "swig")
    subprocess.run(
        [program, "-python", *options, "-outdir", folder, "-o", target, source], check=True
    )
    extension.depends, extension.sources = inputs_of(extension), [str(target)]


# For each suffix, the tool that translates it, and how.
TRANSLATORS = {
    ".i": ("SWIG", _swig),
    ".py": ("mypyc", _mypycify),
    ".pyx": ("Cython", _cythonize),
}
