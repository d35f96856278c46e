"""Nothing is compiled at install: numba is needed where this is imported, and nowhere else."""

REQUIRES = ["numba"]
