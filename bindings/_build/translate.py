"""Makes C of what bindings/*/build.py name in another language, before a compiler sees it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from setuptools import Extension
from setuptools.errors import CompileError


def package_of(extension: Extension) -> str:
    """Names the package that an extension is in."""
    return str(extension.name).rpartition(".")[0]


def inputs_of(extension: Extension) -> list[str]:
    """Lists the files that an extension is made from."""
    return [*extension.sources, *extension.depends]


def _cythonize(extension: Extension) -> None:
    """Puts the C that Cython makes of it in the place of an extension's .pyx."""
    from Cython.Build import cythonize

    (translated,) = cythonize(
        [extension],
        # Of its own, since two mechanisms may be made of the same .pyx.
        build_dir=f"build/cython/{package_of(extension)}",
        # Where a .pxd may lie: this build's folders are not named as the packages they become.
        include_path=sorted({str(Path(path).parent) for path in inputs_of(extension)}),
        force=True,
        quiet=True,
    )
    extension.depends, extension.sources = inputs_of(extension), translated.sources


def _mypycify(extension: Extension) -> None:
    """Puts the C that mypyc makes of it in the place of an extension's .py."""
    from mypyc.build import mypycify

    (source,) = extension.sources
    # For mypyc it is a module of no package, as this build's folders are not named as the packages
    # they become. A module of a package would be two extensions, one of which loads the other.
    options = ["--explicit-package-bases", "--ignore-missing-imports", "--config-file="]
    options.append("--cache-dir=build/mypyc/cache")
    os.environ["MYPYPATH"] = str(Path(source).parent)
    try:
        (translated,) = mypycify(
            [*options, source], target_dir=f"build/mypyc/{package_of(extension)}"
        )
    except SystemExit as error:
        raise CompileError("mypyc said above what is wrong") from error
    finally:
        del os.environ["MYPYPATH"]
    extension.depends, extension.sources = inputs_of(extension), translated.sources
    # Of its flags the level of optimisation, which its users get; the others are about warnings.
    levels = [flag for flag in translated.extra_compile_args if flag.startswith("-O")]
    extension.last_flags = {Path(path).name: levels for path in translated.sources}
    extension.include_dirs = [*translated.include_dirs, *extension.include_dirs]


def _swig(extension: Extension) -> None:
    """Puts the C that SWIG makes of it in the place of an extension's .i; Python lies beside."""
    import swig

    (source,) = extension.sources
    folder = Path("build", package_of(extension).rpartition(".")[2])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{Path(source).stem}_wrap.c"
    options = [*extension.swig_opts, *(f"-I{path}" for path in extension.include_dirs)]
    # The one from PyPI, so that the version in the manifest is that of what was run.
    program = Path(swig.BIN_DIR, "swig")
    subprocess.run(
        [program, "-python", *options, "-outdir", folder, "-o", target, source], check=True
    )
    extension.depends, extension.sources = inputs_of(extension), [str(target)]


# By suffix of the source: the tool that makes C of it, and how.
TRANSLATORS = {
    ".i": ("SWIG", _swig),
    ".py": ("mypyc", _mypycify),
    ".pyx": ("Cython", _cythonize),
}
