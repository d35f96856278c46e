"""Writes README and docs from results/, and runs the guided tour; nothing here is measured."""
