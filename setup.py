"""Discovers what is to be built; everything that is fixed stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bindings.build import BuildMechanisms
from bindings.declare import declared_extensions
from bindings.places import PACKAGE_FOLDERS, packages

extensions, missing = declared_extensions()
# The reason for each mechanism that cannot be built, for the manifest that build_ext writes.
Distribution.callcost_missing = missing

setup(
    packages=packages(),
    package_dir=PACKAGE_FOLDERS,
    package_data={
        "": ["*.c", "*.cpp", "*.h", "*.i", "*.pxd", "*.pyx", "*.toml", "src/*.rs"],
        "callcost": ["py.typed", "*.pyi"],
        "callcost.benchmarks.report": ["templates/*.html", "static/*"],
    },
    # What MANIFEST.in grafts besides is for the sdist; src/ would be taken for a package.
    include_package_data=False,
    ext_modules=extensions,
    cmdclass={"build_ext": BuildMechanisms},
)
