# What is not imported when the task is built is not in it.
import collections
import dataclasses
import json
import math
import re
import statistics
import sys

from capsule import task


@task(name="main", compute="HIGH", ram="256MB", timeout="30s")
def main(how: str, code: str) -> str:
    names = {}
    if how == "value":
        return str(eval(code, names))
    exec(code, names)
    return ""
