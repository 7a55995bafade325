"""patch.py PACKAGE FOLDER: change what patches.md says in the unpacked source of a package.

Each edit names the text that it replaces, which must be there as often as is said."""

import glob
import re
import sys

EDITS = {
    "numpy": [
        # The header knows WebAssembly by the name of another C library only.
        ("numpy/_core/include/numpy/npy_cpu.h", "#elif defined(__EMSCRIPTEN__)", "#elif defined(__wasm__)", 1),
        # What it needs of BLAS is data/c/blas.c, which the link brings.
        ("numpy/meson.build", "have_blas = blas.found()\n", "have_blas = true\n", 1),
        ("numpy/meson.build", "    dependencies: [blas],\n", "", 1),
        # And what its plain LAPACK spends its time in.
        *(
            (
                "numpy/linalg/lapack_lite/f2c_blas.c",
                f"\n/* Subroutine */ int {name}_(",
                f"\n/* Subroutine */ static int plain_{name}_(",
                1,
            )
            for name in (kind + what for kind in "ds" for what in ("gemm", "gemv", "symv", "syrk", "trmm", "trsm"))
        ),
        *(
            (
                f"numpy/linalg/lapack_lite/f2c_{kind}_lapack.c",
                f"\n/* Subroutine */ int {kind}getrf_(",
                f"\n/* Subroutine */ static int plain_{kind}getrf_(",
                1,
            )
            for kind in "ds"
        ),
        # Vectors: the layer for SSE, over data/c/sse.h, which the step puts beside it.
        (
            "numpy/_core/src/common/simd/simd.h",
            "#if defined(NPY_HAVE_AVX512F) && !defined(NPY_SIMD_FORCE_256)",
            '#if defined(__wasm_simd128__)\n    #include "sandcell_sse.h"\n    #include "sse/sse.h"\n'
            "#elif defined(NPY_HAVE_AVX512F) && !defined(NPY_SIMD_FORCE_256)",
            1,
        ),
        # Outside of the layer nothing is to take the processor for an x86.
        (
            "numpy/_core/src/common/simd/simd.h",
            "#endif // _NPY_SIMD_H_",
            "#ifdef __wasm_simd128__\n    #undef NPY_HAVE_SSE2\n    #undef NPY_HAVE_SSE3\n    #undef NPY_HAVE_SSSE3\n"
            "    #undef NPY_HAVE_SSE41\n    #undef NPY_HAVE_SSE42\n#endif\n#endif // _NPY_SIMD_H_",
            1,
        ),
        # Sums of numbers that lie side by side: the same additions in the same order, which the compiler makes
        # vectors of when it knows the distance.
        (
            "numpy/_core/src/umath/loops_utils.h.src",
            "    else if (n <= PW_BLOCKSIZE) {\n        npy_intp i;\n        @type@ r[8], res;\n",
            "    else if (n <= PW_BLOCKSIZE && stride == sizeof(@dtype@)) {\n"
            "        const @dtype@ *x = (const @dtype@ *)a;\n"
            "        npy_intp i;\n        @type@ r[8], res;\n"
            "        for (int j = 0; j < 8; j++) {\n            r[j] = @trf@(x[j]);\n        }\n"
            "        for (i = 8; i < n - (n % 8); i += 8) {\n"
            "            for (int j = 0; j < 8; j++) {\n                r[j] += @trf@(x[i + j]);\n            }\n        }\n"
            "        res = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));\n"
            "        for (; i < n; i++) {\n            res += @trf@(x[i]);\n        }\n        return res;\n    }\n"
            "    else if (n <= PW_BLOCKSIZE) {\n        npy_intp i;\n        @type@ r[8], res;\n",
            1,
        ),
        # A function that takes no names is in the table as one that does.
        (
            "numpy/_core/src/multiarray/multiarraymodule.c",
            "(PyCFunction)_get_castingimpl,\n        METH_VARARGS | METH_KEYWORDS,",
            "(PyCFunction)_get_castingimpl,\n        METH_VARARGS,",
            1,
        ),
        (
            "numpy/_core/src/umath/_scaled_float_dtype.c",
            "sfloat___reduce__(PyArray_SFloatDescr *self)",
            "sfloat___reduce__(PyArray_SFloatDescr *self, PyObject *NPY_UNUSED(args))",
            1,
        ),
        # Large arrays of numbers are sorted by data/c/sort.c: 0 unsigned, 1 signed, 2 floating.
        (
            "numpy/_core/src/npysort/quicksort.cpp",
            "#define NOT_USED NPY_UNUSED(unused)\n",
            "#define NOT_USED NPY_UNUSED(unused)\n\n"
            'extern "C" bool sandcell_sort(void *numbers, size_t count, int bytes, int kind);\n',
            1,
        ),
        (
            "numpy/_core/src/npysort/quicksort.cpp",
            "inline bool quicksort_dispatch(T *start, npy_intp num)\n{\n",
            "inline bool quicksort_dispatch(T *start, npy_intp num)\n{\n"
            "    int kind = std::is_floating_point<T>::value ? 2 : std::is_signed<T>::value;\n"
            "    if (sandcell_sort(start, num, sizeof(T), kind)) {\n        return true;\n    }\n",
            1,
        ),
        # Its default generator of random numbers consists of a product of 128 bits. That is an instruction, but for this
        # module only: the compiler mixes up the two results of one where the larger half is compared with the smaller.
        ("numpy/random/meson.build", "['-U__GNUC_GNU_INLINE__']", "['-U__GNUC_GNU_INLINE__', '-mwide-arithmetic']", 1),
        # Seeds that are bytes, which the kernel gives: the same words as of a list, without the arrays to check it.
        (
            "numpy/random/_mt19937.pyx",
            "                else:\n                    if hasattr(seed, 'squeeze'):",
            "                elif type(seed) is bytes and len(seed) >= 4:\n"
            "                    mt19937_init_by_array(&self.rng_state, <uint32_t*> <char*> seed, len(seed) // 4)\n"
            "                else:\n                    if hasattr(seed, 'squeeze'):",
            1,
        ),
    ],
    "pandas": [
        # Characters within a field that mean nothing special, all at once.
        (
            "pandas/_libs/src/parser/tokenizer.c",
            "  char c;\n  int64_t i;\n  for (i = self->datapos; i < self->datalen; ++i) {\n    // next",
            "  char c;\n  int64_t i;\n  char is_plain[256];\n  for (i = 0; i < 256; ++i) {\n    c = (char)i;\n"
            "    is_plain[i] = !(IS_TERMINATOR(c) || IS_CARRIAGE(c) || IS_ESCAPE_CHAR(c) || IS_DELIMITER(c) ||\n"
            "                    IS_COMMENT_CHAR(c));\n  }\n"
            "  for (i = self->datapos; i < self->datalen; ++i) {\n    // next",
            1,
        ),
        (
            "pandas/_libs/src/parser/tokenizer.c",
            "        END_FIELD();\n        self->state = EAT_COMMENT;\n      } else {\n"
            "        // normal character - save in field\n        PUSH_CHAR(c);\n      }\n      break;\n",
            "        END_FIELD();\n        self->state = EAT_COMMENT;\n      } else {\n"
            "        // normal character - save in field\n        PUSH_CHAR(c);\n"
            "        const int64_t left = self->datalen - i - 1;\n"
            "        const int64_t room = (int64_t)(self->stream_cap - slen);\n"
            "        const char *const first = buf, *const end = buf + (left < room ? left : room);\n"
            "        while (buf < end && is_plain[(unsigned char)*buf]) {\n          *stream++ = *buf++;\n        }\n"
            "        i += buf - first;\n        slen += buf - first;\n      }\n      break;\n",
            1,
        ),
        # The first fifteen digits of a number make a whole one that a double holds exactly: the same result, and whole
        # ones are multiplied faster one after the other.
        ("pandas/_libs/src/parser/tokenizer.c", "  double number = 0.;\n", "  double number = 0.;\n  int64_t whole = 0;\n", 1),
        *(
            (
                "pandas/_libs/src/parser/tokenizer.c",
                f"{head}\n{indent}number = number * 10. + (*p - '0');\n",
                f"{head}\n{indent}if (num_digits < 15) {{\n{indent}  whole = whole * 10 + (*p - '0');\n"
                f"{indent}  number = (double)whole;\n{indent}}} else {{\n"
                f"{indent}  number = number * 10. + (*p - '0');\n{indent}}}\n",
                1,
            )
            for head, indent in (
                ("    if (num_digits < max_digits) {", "      "),
                ("    while (num_digits < max_digits && isdigit_ascii(*p)) {", "      "),
            )
        ),
        # There are no shared libraries and no mapped files: the modules are looked for where they are used.
        ("pandas/errors/__init__.py", "\nimport ctypes\n", "\n", 1),
        ("pandas/core/interchange/from_dataframe.py", "\nimport ctypes\n", "\n", 1),
        ("pandas/core/interchange/from_dataframe.py", "    ctypes_type = np.", "    import ctypes\n\n    ctypes_type = np.", 1),
        (
            "pandas/io/clipboard/__init__.py",
            "import ctypes\nfrom ctypes import (\n    c_size_t,\n    c_wchar,\n    c_wchar_p,\n    get_errno,\n    sizeof,\n)\n",
            "",
            1,
        ),
        ("pandas/io/common.py", "\nimport mmap\n", "\n", 1),
        ("pandas/io/common.py", "(str, bytes, mmap.mmap)", "(str, bytes)", 1),
        ("pandas/io/common.py", "    try:\n        # open mmap and adds", "    import mmap\n\n    try:\n        # open mmap and adds", 1),
        ("pandas/io/excel/_openpyxl.py", "\nimport mmap\n", "\n", 1),
        ("pandas/io/excel/_openpyxl.py", " and not isinstance(self._handles.handle, mmap.mmap):", ":", 1),
    ],
    # The size of a long in bits.
    "sympy": [
        ("external/gmpy.py", "from ctypes import c_long, sizeof\n", "", 1),
        ("external/gmpy.py", "8*sizeof(c_long)", "32", 1),
    ],
    # A timer that only says that fonts take long to find: it would be a thread.
    "matplotlib": [("lib/matplotlib/font_manager.py", "        timer.start()\n", "", 1)],
}


# Functions that leave out the second parameter of a PyCFunction or a getter, which they do not use. Called through that
# type they work where arguments are put into registers; WebAssembly traps.
WITHOUT_PARAMETER = {
    "kiwisolver": "py/src/*.cpp",
    "numpy": "numpy/_core/src/multiarray/array_[cm]*.c",
    "pillow": "src/*.c",
}


def add_parameters(package, paths):
    """Give each function of a method table its second parameter, if it has one only."""
    changed = 0
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        methods = re.findall(r"\(\s*PyCFunction\s*\)\s*(\w+),\s*METH_(?:NO|VAR)ARGS\b", text)
        getters = re.findall(r"\(\s*getter\s*\)\s*(\w+)", text)
        for name, kind in [*((name, "PyObject") for name in methods), *((name, "void") for name in getters)]:
            text, count = re.subn(rf"(\n{name}\(\s*\w+\s*\*\s*\w+)(\s*\))", rf"\1, {kind} *unused\2", text)
            changed += count
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    if not changed:
        sys.exit(f"{package}: all functions have both parameters")


def main(package, folder):
    if package in WITHOUT_PARAMETER:
        add_parameters(package, sorted(glob.glob(f"{folder}/{WITHOUT_PARAMETER[package]}")))
    for path, old, new, count in EDITS.get(package, ()):
        path = f"{folder}/{path}"
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        if text.count(old) != count:
            sys.exit(f"{path}: {text.count(old)} times instead of {count}: {old!r}")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text.replace(old, new))


main(*sys.argv[1:])
