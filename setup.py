"""Discovers what is to be built; everything that is fixed stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bindings.build import PACKAGE_FOLDERS, BuildMechanisms, declared_extensions, packages

extensions, missing = declared_extensions()
# The reason for each mechanism that cannot be built, for the manifest that build_ext writes.
Distribution.callcost_missing = missing

setup(
    packages=packages(),
    package_dir=PACKAGE_FOLDERS,
    package_data={"": ["*.c", "*.cpp", "*.h", "*.pyx"], "callcost": ["py.typed", "*.pyi"]},
    ext_modules=extensions,
    cmdclass={"build_ext": BuildMechanisms},
)
