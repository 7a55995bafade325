"""The magics of the kernel, a file per group."""

from . import commands, files, help, namespace, output, packages, system, timing  # noqa: F401  (each fills the table)
from .registry import CELL, LINE, find  # noqa: F401
