"""Discovers what is to be built; everything that is fixed stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bindings._build.build import BuildMechanisms
from bindings._build.declare import declared_extensions
from bindings._build.places import package_folders

extensions, missing = declared_extensions()
folders = package_folders()
# The reason for each mechanism that cannot be built, for the manifest that build_ext writes.
Distribution.callcost_missing = missing

setup(
    packages=list(folders),
    package_dir=folders,
    package_data={
        "": ["*.c", "*.cpp", "*.h", "*.i", "*.pxd", "*.pyx", "*.toml", "src/*.rs"],
        "callcost": ["py.typed"],
        "callcost.run": ["*.pyi"],
        "callcost.benchmarks.site": ["templates/*.html", "static/*"],
    },
    # What MANIFEST.in grafts besides is for the sdist; src/ would be taken for a package.
    include_package_data=False,
    ext_modules=extensions,
    cmdclass={"build_ext": BuildMechanisms},
)
