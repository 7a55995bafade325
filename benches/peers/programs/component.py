"""The program inside the component: names that live on, statements, expressions.

What is not imported when the component is built is not in it.
"""

import collections
import dataclasses
import json
import math
import re
import statistics
import sys

import wit_world
from componentize_py_types import Err

NAMES = {"__name__": "__main__"}


def guarded(body):
    try:
        return body()
    except BaseException as error:
        raise Err(f"{type(error).__name__}: {error}") from None


class WitWorld(wit_world.WitWorld):
    def run(self, code):
        guarded(lambda: exec(code, NAMES))

    def value(self, expression):
        return guarded(lambda: str(eval(expression, NAMES)))
