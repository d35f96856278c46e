from pathlib import Path
def draw(path): return []
