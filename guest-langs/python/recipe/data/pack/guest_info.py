"""guest_info.py INTERPRETER: what meson asks a Python about itself, answered for the guest's."""

import glob
import json
import runpy
import sys

interpreter = sys.argv[1]
(data,) = glob.glob(f"{interpreter}/sysconfig/_sysconfigdata*.py")
variables = runpy.run_path(data)["build_time_vars"]
headers = f"{interpreter}/include/python3.13"
packages = "/lib/python3.13/site-packages"
folders = {"purelib": packages, "platlib": packages, "include": "/include/python3.13", "scripts": "/bin", "data": ""}
print(
    json.dumps(
        {
            "variables": {**variables, "INCLUDEPY": headers, "LIBPC": "", "base_prefix": "/usr"},
            "paths": {**folders, "include": headers, "platinclude": headers},
            "sysconfig_paths": {**folders, "include": headers, "platinclude": headers},
            "install_paths": folders,
            "version": "3.13",
            "platform": "wasi-wasm32",
            "is_pypy": False,
            "is_venv": False,
            "is_freethreaded": False,
            "link_libpython": False,
            "suffix": ".cpython-313-wasm32-wasi.so",
            "limited_api_suffix": ".abi3.so",
        }
    )
)
