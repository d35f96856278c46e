"""From `REV@PYTHON+REQUIREMENT` to an interpreter that has the project; nothing measures here."""
