"""Boots pyeryx's interpreter ahead of time, into the folder that is given: plain, and
with the module that its snapshots import at the first one (a second, else)."""

import sys
from pathlib import Path

import eryx

made = Path(sys.argv[1])
eryx.SandboxFactory().save(made / "eryx-plain")
eryx.SandboxFactory(imports=["dill"]).save(made / "eryx-dill")
