"""Teach CPython to look at the stop word by itself, and to be quicker on WebAssembly.

usage: patch.py SOURCE_FOLDER HEADER...

What is changed and why it is right: guest-langs/python/patches.md. Nothing changes outside of
WebAssembly. The headers are those that the source is made to include.

Each edit names the text that it replaces or stands beside; a source where that text is not
found exactly once is refused.
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


def beside(path, text, before, behind):
    """Text put before and behind a text that stays."""
    return path, text, before + text + behind


def on_wasm(path, text, instead):
    """Whole lines that are others on WebAssembly."""
    return path, text, f"#ifdef __wasm__\n{instead}#else\n{text}#endif\n"


def behind(path, text, more):
    """More on WebAssembly, behind a text that stays."""
    return beside(path, text, "", f"#ifdef __wasm__\n{more}#endif\n")


def by_name(domain, verb, arguments):
    """An allocator's function called by its name, and inlined, while it is the one in use."""
    start = "" if verb == "free" else "return "
    named = f"_PyObject_{verb.capitalize()}"
    table = f"{domain}.{verb}({domain}.ctx, {arguments})"
    return on_wasm(
        "Objects/obmalloc.c",
        f"    {start}{table};\n",
        f"    {start}__builtin_expect({domain}.{verb} == {named}, 1)\n"
        f"        ? {named}(NULL, {arguments}) : {table};\n",
    )


STOP_WORD = [
    beside("Python/ceval_macros.h", "#define CHECK_EVAL_BREAKER() \\\n", LOOK, "    SANDCELL_LOOK(); \\\n"),
    beside(
        "Python/generated_cases.c.h",
        "            INSTRUCTION_STATS(JUMP_BACKWARD_NO_INTERRUPT);\n",
        "",
        "            SANDCELL_LOOK();\n",
    ),
    beside(
        "Python/generated_cases.c.h",
        "            INSTRUCTION_STATS(EXTENDED_ARG);\n",
        "",
        "            SANDCELL_LOOK();\n",
    ),
    beside("Python/ceval.c", "\nexception_unwind:\n        {\n", "", "            SANDCELL_LOOK();\n"),
    beside(
        "Python/ceval.c",
        "\n_PyEval_FrameClearAndPop(PyThreadState *tstate, _PyInterpreterFrame * frame)\n{\n",
        "",
        "    SANDCELL_LOOK();\n",
    ),
    beside(
        "Python/generated_cases.c.h",
        "            INSTRUCTION_STATS(INSTRUMENTED_INSTRUCTION);\n",
        "",
        "            SANDCELL_LOOK();\n",
    ),
    beside(
        "Python/generated_cases.c.h",
        "                if (_Py_Instrument(_PyFrame_GetCode(frame), tstate->interp)) {\n",
        "                SANDCELL_LOOK();\n",
        "",
    ),
    beside(
        "Python/generated_cases.c.h",
        "                    int err = _Py_Instrument(_PyFrame_GetCode(frame), tstate->interp);\n",
        "                    SANDCELL_LOOK();\n",
        "",
    ),
    beside(
        "Python/ceval.c",
        "        _Py_CODEUNIT *here = frame->instr_ptr = next_instr;\n",
        "",
        "        SANDCELL_LOOK();\n",
    ),
    beside(
        "Python/ceval.c",
        "\nPyObject* _Py_HOT_FUNCTION\n_PyEval_EvalFrameDefault(PyThreadState",
        "\nSANDCELL_LOOKS",
        "",
    ),
]

SPEED = [
    by_name("_PyObject", "malloc", "size"),
    by_name("_PyObject", "realloc", "ptr, new_size"),
    by_name("_PyObject", "free", "ptr"),
    by_name("_PyMem", "malloc", "size"),
    by_name("_PyMem", "realloc", "ptr, new_size"),
    by_name("_PyMem", "free", "ptr"),
    on_wasm(
        "Objects/obmalloc.c",
        "    PyInterpreterState *interp = _PyInterpreterState_GET();\n"
        "    assert(interp->obmalloc != NULL); // otherwise not initialized or freed\n"
        "    return interp->obmalloc;\n",
        "    return &obmalloc_state_main;\n",
    ),
    on_wasm(
        "Include/internal/pycore_pystate.h",
        "    return tstate->interp;\n",
        "    (void)tstate;\n    return &_PyRuntime._main_interpreter;\n",
    ),
    on_wasm(
        "Include/internal/pycore_pystate.h",
        "    return &tstate->interp->object_state.freelists;\n",
        "    (void)tstate;\n    return &_PyRuntime._main_interpreter.object_state.freelists;\n",
    ),
    on_wasm(
        "Include/internal/pycore_object.h",
        "    Py_INCREF(typeobj);\n    _Py_NewReference(op);\n",
        "    Py_INCREF(typeobj);\n"
        "    if (__builtin_expect(_PyRuntime.ref_tracer.tracer_func == NULL, 1)) {\n"
        "        op->ob_refcnt = 1;\n"
        "    }\n"
        "    else {\n"
        "        _Py_NewReference(op);\n"
        "    }\n",
    ),
    behind("Python/ceval.c", '#include "ceval_macros.h"\n', '#  include "ceval_objects.h"\n'),
]

TRACED = """\
#define _PyReftracerTrack(obj, operation) \\
    do {{ \\
        struct _reftracer_runtime_state *tracer = &_PyRuntime.ref_tracer; \\
        if ({}) {{ \\
            void *data = tracer->tracer_data; \\
            tracer->tracer_func((obj), (operation), data); \\
        }} \\
    }} while(0)
"""

# What is called through a table of its type, called by its name.
BY_NAME = [
    on_wasm(
        "Include/internal/pycore_object.h",
        TRACED.format("tracer->tracer_func != NULL"),
        TRACED.format("(operation) == PyRefTracer_CREATE && tracer->tracer_func != NULL"),
    ),
    behind(
        "Include/internal/pycore_long.h",
        "extern PyStatus _PyLong_InitTypes(PyInterpreterState *);\n",
        "extern void _PyLong_ExactDealloc(PyObject *);\nextern void _PyLong_ClearFreeList(void);\n",
    ),
    behind(
        "Objects/object.c",
        "_Py_Dealloc(PyObject *op)\n{\n"
        "    PyTypeObject *type = Py_TYPE(op);\n"
        "    destructor dealloc = type->tp_dealloc;\n",
        "    if (type == &PyUnicode_Type) {\n"
        "        _PyUnicode_ExactDealloc(op);\n"
        "        return;\n"
        "    }\n"
        "    if (type == &PyLong_Type) {\n"
        "        _PyLong_ExactDealloc(op);\n"
        "        return;\n"
        "    }\n"
        "    if (type == &PyFloat_Type) {\n"
        "        _PyFloat_ExactDealloc(op);\n"
        "        return;\n"
        "    }\n",
    ),
    beside(
        "Python/ceval.c",
        "#undef Py_DECREF\n",
        "#ifdef __wasm__\n"
        "static void sandcell_dealloc(PyObject *object);\n"
        "#  define DEALLOC(op) sandcell_dealloc(op)\n"
        "#else\n"
        "#  define DEALLOC(op) (*Py_TYPE(op)->tp_dealloc)(op)\n"
        "#endif\n",
        "",
    ),
    (
        "Python/ceval.c",
        "            destructor dealloc = Py_TYPE(op)->tp_dealloc; \\\n            (*dealloc)(op); \\\n",
        "            DEALLOC(op); \\\n",
    ),
    on_wasm(
        "Objects/unicodeobject.c",
        "    Py_TYPE(unicode)->tp_free(unicode);\n",
        "    if (PyUnicode_CheckExact(unicode)) {\n"
        "        PyObject_Free(unicode);\n"
        "    }\n"
        "    else {\n"
        "        Py_TYPE(unicode)->tp_free(unicode);\n"
        "    }\n",
    ),
    behind(
        "Objects/object.c",
        "PyObject_Hash(PyObject *v)\n{\n    PyTypeObject *tp = Py_TYPE(v);\n",
        "    if (tp == &PyUnicode_Type && ((PyASCIIObject *)v)->hash != -1) {\n"
        "        return ((PyASCIIObject *)v)->hash;\n"
        "    }\n",
    ),
    behind(
        "Objects/abstract.c",
        "PyObject_Size(PyObject *o)\n{\n    if (o == NULL) {\n        null_error();\n        return -1;\n    }\n",
        "    if (PyUnicode_CheckExact(o)) {\n"
        "        return PyUnicode_GET_LENGTH(o);\n"
        "    }\n"
        "    if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) {\n"
        "        return Py_SIZE(o);\n"
        "    }\n",
    ),
    on_wasm(
        "Include/internal/pycore_gc.h",
        "    if (!PyObject_IS_GC(obj)) {\n        return 0;\n    }\n",
        "    PyTypeObject *type = Py_TYPE(obj);\n"
        "    if (!(type->tp_flags & Py_TPFLAGS_HAVE_GC) || (type->tp_is_gc != NULL && !type->tp_is_gc(obj))) {\n"
        "        return 0;\n"
        "    }\n",
    ),
]

# Ints of one digit are kept for the next ones.
INTS = [
    beside(
        "Objects/longobject.c",
        "static PyObject *\n_PyLong_FromMedium(sdigit x)\n",
        '#ifdef __wasm__\n#  include "free_ints.h"\n#endif\n\n',
        "",
    ),
    on_wasm(
        "Objects/longobject.c",
        "    PyLongObject *v = PyObject_Malloc(sizeof(PyLongObject));\n",
        "    PyLongObject *v = sandcell_take_int();\n",
    ),
    behind(
        "Objects/object.c",
        "    _PyFloat_ClearFreeList(freelists, is_finalization);\n",
        "    _PyLong_ClearFreeList();\n",
    ),
    behind(
        "Objects/longobject.c",
        "        while (hi) {\n"
        "            pout[size++] = hi % _PyLong_DECIMAL_BASE;\n"
        "            hi /= _PyLong_DECIMAL_BASE;\n"
        "        }\n",
        "        if (i >= 8)\n",
    ),
]

RECURSION_CHECK = "                DEOPT_IF(tstate->py_recursion_remaining <= 1, CALL);\n"

# Flaws of CPython's that programs in a small memory meet.
BOUNDS = [
    beside(
        "Python/generated_cases.c.h",
        "            }\n            // _PY_FRAME_GENERAL\n            args = &stack_pointer[-oparg];\n"
        "            self_or_null = stack_pointer[-1 - oparg];\n",
        RECURSION_CHECK,
        "",
    ),
    beside(
        "Python/generated_cases.c.h",
        "                DEOPT_IF(null != NULL, CALL);\n            }\n            // _EXPAND_METHOD\n",
        RECURSION_CHECK,
        "",
    ),
    on_wasm(
        "Python/traceback.c",
        "        _PyErr_ChainExceptions1(exc);\n        return -1;\n    }\n    PyException_SetTraceback(exc, newtb);\n",
        "        PyErr_SetRaisedException(exc);\n        return -1;\n    }\n    PyException_SetTraceback(exc, newtb);\n",
    ),
    on_wasm(
        "Python/frame.c",
        "        PyFrameObject *back = _PyFrame_GetFrameObject(prev);\n        if (back == NULL) {\n",
        "        PyObject *raised = PyErr_GetRaisedException();\n"
        "        PyFrameObject *back = _PyFrame_GetFrameObject(prev);\n"
        "        if (back != NULL) {\n"
        "            PyErr_SetRaisedException(raised);\n"
        "        }\n"
        "        if (back == NULL) {\n",
    ),
    beside(
        "Python/frame.c",
        "            /* Nothing we can do about it */\n            PyErr_Clear();\n",
        "",
        "#ifdef __wasm__\n            PyErr_SetRaisedException(raised);\n#endif\n",
    ),
]

# Pools whose pages the host has taken: kernel/trim.c puts them into the set.
WIPED = [
    beside(
        "Include/internal/pycore_obmalloc.h",
        "    struct pool_header* freepools;\n",
        "",
        "#ifdef __wasm__\n"
        "    /* Free pools in no list, a bit for each: their bytes mean nothing. */\n"
        "    uint64_t wiped;\n"
        "#endif\n",
    ),
    beside(
        "Include/internal/pycore_obmalloc.h",
        "#define POOL_ADDR(P) ((poolp)_Py_ALIGN_DOWN((P), POOL_SIZE))\n",
        "",
        "#ifdef __wasm__\n"
        "#define FIRST_POOL(ARENA) ((uintptr_t)_Py_ALIGN_UP((ARENA)->address, POOL_SIZE))\n"
        "#define IS_WIPED(ARENA, POOL) ((ARENA)->wiped >> ((POOL) - FIRST_POOL(ARENA)) / POOL_SIZE & 1)\n"
        "#endif\n",
    ),
    beside(
        "Objects/obmalloc.c",
        "    arenaobj->freepools = NULL;\n",
        "",
        "#ifdef __wasm__\n    arenaobj->wiped = 0;\n#endif\n",
    ),
    beside(
        "Objects/obmalloc.c",
        "    /* Try to get a cached free pool. */\n",
        "#ifdef __wasm__\n"
        "    if (usable_arenas->freepools == NULL && usable_arenas->wiped != 0) {\n"
        "        /* Back into the list, as one that was never carved. */\n"
        "        poolp back = (poolp)(FIRST_POOL(usable_arenas)\n"
        "            + (uintptr_t)__builtin_ctzll(usable_arenas->wiped) * POOL_SIZE);\n"
        "        usable_arenas->wiped &= usable_arenas->wiped - 1;\n"
        "        back->arenaindex = (uint)(usable_arenas - allarenas);\n"
        "        back->szidx = DUMMY_SIZE_IDX;\n"
        "        back->nextpool = NULL;\n"
        "        usable_arenas->freepools = back;\n"
        "    }\n"
        "#endif\n",
        "",
    ),
    on_wasm(
        "Objects/obmalloc.c",
        "            n += p->ref.count;\n",
        "            if (!IS_WIPED(&allarenas[i], base)) {\n"
        "                n += p->ref.count;\n"
        "            }\n",
    ),
    on_wasm(
        "Objects/obmalloc.c",
        "            if (p->ref.count == 0) {\n",
        "            if (p->ref.count == 0 || IS_WIPED(&allarenas[i], base)) {\n",
    ),
]

# What Python tells about a machine that it does not see.
WORLD = [
    on_wasm(
        "Modules/posixmodule.c",
        "    SET_ITEM(0, PyLong_FromLong((long)st->st_mode));\n",
        "    SET_ITEM(0, PyLong_FromLong((long)st->st_mode\n"
        "        | (st->st_mode & 07777 ? 0 : S_ISDIR(st->st_mode) ? 0755 : S_ISLNK(st->st_mode) ? 0777 : 0644)));\n",
    ),
    beside(
        "Lib/platform.py",
        "        if not executable:\n            # sys.executable is not set.\n",
        "        if sys.platform == 'wasi':\n"
        "            # It has a name, but is no file.\n"
        "            return lib, version\n\n",
        "",
    ),
]


def main(source, *headers):
    source = pathlib.Path(source)
    for name, text, instead in STOP_WORD + SPEED + BY_NAME + INTS + BOUNDS + WIPED + WORLD:
        path = source / name
        whole = path.read_text(encoding="utf-8")
        if whole.count(text) != 1:
            sys.exit(f"{name}: {text!r} is there {whole.count(text)} times instead of once")
        path.write_text(whole.replace(text, instead), encoding="utf-8")
    for header in map(pathlib.Path, headers):
        (source / "Include/internal" / header.name).write_bytes(header.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
