"""The instrument's own test weight: a delay of a known size, for calibration."""

from setuptools import Extension

EXTENSIONS = [Extension("_delay", ["delay.c"])]
