"""One crate, compiled by cargo in its release profile: opt-level 3, ThinLTO within the crate."""

from setuptools_rust import RustExtension

EXTENSIONS = [RustExtension("_module", "Cargo.toml", debug=False)]
