"""The command `callcost bisect`: finds the commit or release that made a row slower.

git chooses what to measure next, and compare/ measures it.
"""
