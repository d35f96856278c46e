class Count: instructions: float
def why_not(): return "not yet"
def count(*a,**k): return {}
def changed(a,b): return False
