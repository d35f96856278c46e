"""Compiled by mypyc: functions copied unchanged from the reference."""

from __future__ import annotations


def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number by plain recursion; 0 for every n <= 0."""
    if n <= 0:
        return 0
    if n == 1:
        return 1
    return fibonacci(n - 1) + fibonacci(n - 2)


def work_held(steps: int) -> int:
    """Return the number after this many steps of Numerical Recipes' generator."""
    number = 1
    for _ in range(steps):
        number = (number * 1664525 + 1013904223) & 0xFFFFFFFF
    return number
