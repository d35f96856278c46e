"""The extension module of the instrument: a delay of known size, for calibration."""

from setuptools import Extension

EXTENSIONS = [Extension("_delay", ["delay.c"])]
