"""Teach CPython's evaluation loop to look at the stop word by itself.

usage: patch.py SOURCE_FOLDER

The runtime puts a look at the stop word into every loop of the guest. The evaluation loop goes round once a
bytecode, so there a look costs a tenth of the interpreter's speed. With these edits each cycle that bytecode can
make comes by a look, and the function is exported as one that needs no more of them. Why that is every cycle, whatever
the bytecode: see guest-langs/python/patches.md.

Each edit names the text it stands beside; a source where that text is not found exactly once is refused.
"""

import pathlib
import sys

LOOK = """
/* sandcell: see guest-langs/python/patches.md */
#ifdef __wasm__
extern volatile unsigned int sandcell_stop;
__attribute__((import_module("sandcell"), import_name("check"))) extern void sandcell_check(void);
#  define SANDCELL_LOOK() do { if (__builtin_expect(sandcell_stop != 0, 0)) { sandcell_check(); } } while (0)
#  define SANDCELL_LOOKS __attribute__((export_name("sandcell_polling"), used))
#else
#  define SANDCELL_LOOK() ((void)0)
#  define SANDCELL_LOOKS
#endif

"""

# (file, the text, what is put before it, what is put behind it)
EDITS = [
    ("ceval_macros.h", "#define CHECK_EVAL_BREAKER() \\\n", LOOK, "    SANDCELL_LOOK(); \\\n"),
    ("generated_cases.c.h", "            INSTRUCTION_STATS(JUMP_BACKWARD_NO_INTERRUPT);\n", "", "            SANDCELL_LOOK();\n"),
    ("generated_cases.c.h", "            INSTRUCTION_STATS(EXTENDED_ARG);\n", "", "            SANDCELL_LOOK();\n"),
    ("ceval.c", "\nexception_unwind:\n        {\n", "", "            SANDCELL_LOOK();\n"),
    (
        "ceval.c",
        "\n_PyEval_FrameClearAndPop(PyThreadState *tstate, _PyInterpreterFrame * frame)\n{\n",
        "",
        "    SANDCELL_LOOK();\n",
    ),
    ("ceval.c", "\nPyObject* _Py_HOT_FUNCTION\n_PyEval_EvalFrameDefault(PyThreadState", "\nSANDCELL_LOOKS", ""),
]


def main():
    folder = pathlib.Path(sys.argv[1]) / "Python"
    for name, text, before, behind in EDITS:
        path = folder / name
        source = path.read_text(encoding="utf-8")
        if source.count(text) != 1:
            sys.exit(f"{name}: {text!r} is there {source.count(text)} times instead of once")
        path.write_text(source.replace(text, before + text + behind), encoding="utf-8")


if __name__ == "__main__":
    main()
