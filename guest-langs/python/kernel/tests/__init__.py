"""Tests of the Python half of the kernel, on the host's interpreter: run `python3 -m unittest` in the folder above.

Importing this package puts a stand-in for the C half (`_sandcell`) in place.
"""

import sys

from . import fake

sys.modules.setdefault("_sandcell", fake)
