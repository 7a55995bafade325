"""A first program for the sandbox: `sandcell run examples/hello.py`."""

import platform
import sys

print(f"Hello from Python {platform.python_version()} on {sys.platform}!")

words = "a sandbox is a place to play in".split()
longest = max(words, key=len)
print(f"{len(words)} words, the longest is {longest!r}")

squares = {number: number**2 for number in range(1, 6)}
for number, square in squares.items():
    print(f"{number} squared is {square:2}  {'*' * square}")

# The value of the last expression is the result of a run.
sum(squares.values())
