"""What the figures were measured on. No name and no date: they say nothing."""

import os
import platform
from pathlib import Path

from .process import field_bytes


def described(starter):
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "CPU implementer")):
            model = line.partition(":")[2].strip()
            break
    memory = field_bytes(Path("/proc/meminfo").read_text(), "MemTotal:")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / (1 << 30)),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "load": round(os.getloadavg()[0], 1),
    }
