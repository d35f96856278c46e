"""Nothing is compiled at install: numpy is needed where this is imported, and nowhere else."""

REQUIRES = ["numpy"]
