"""The rungs below Python: programs that call the same C without it, built beside this file."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
