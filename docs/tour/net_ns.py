"""Prints net ns per call of fibonacci(0) from a record: `net_ns.py RECORD NAME ...`.

A NAME is a mechanism or a rung; `cffi_api@pypy*` is one of another interpreter.
"""

import json
import lzma
import sys
from fnmatch import fnmatch

record, *names = sys.argv[1:]
net_ns = {}
with lzma.open(record) as file:
    document = json.load(file)
for row in document["benchmarks"]:
    found = row["extra_info"]["callcost"]
    workload, at, interpreter = found["group"].partition(" @ ")
    if workload == "fibonacci":
        net_ns[f"{found['name']}{at.strip()}{interpreter}"] = found["net_ns"][0]
for name in names:
    for label in filter(lambda label: fnmatch(label, name), net_ns):
        print(f"{label:20} {net_ns[label]:6.1f}")
