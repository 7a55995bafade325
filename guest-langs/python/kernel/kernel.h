/* What the C files of the kernel share. See README.md for what each file is.
 *
 * All state lives in one static structure: a snapshot copies the linear memory, so state in C is as good as
 * state in Python, provided that no address of the host and no file position hides in it.
 */
#ifndef SANDCELL_KERNEL_H
#define SANDCELL_KERNEL_H

#ifndef Py_BUILD_CORE
#  define Py_BUILD_CORE 1
#endif
#include <Python.h>
#include <stdint.h>

/* ---- the host's side (module "sandcell"), see docs/guest-abi.md ---- */
#ifdef __wasm__
#  define HOST_IMPORT(name) __attribute__((import_module("sandcell"), import_name(#name)))
#  define GUEST_EXPORT(name) __attribute__((export_name(#name), used))
#else
#  define HOST_IMPORT(name)
#  define GUEST_EXPORT(name)
#endif

HOST_IMPORT(emit) int32_t sandcell_emit(int32_t kind, const void *address, int32_t length);
HOST_IMPORT(call) int64_t sandcell_call(const void *address, int32_t length);
HOST_IMPORT(wait) int32_t sandcell_wait(int64_t timeout_nanoseconds);
HOST_IMPORT(take) int32_t sandcell_take(void *address, int32_t length);

enum frame_kind {
    FRAME_STDOUT = 1,
    FRAME_STDERR = 2,
    FRAME_RESULT = 3,
    FRAME_DISPLAY = 4,
    FRAME_UPDATE = 5,
    FRAME_CLEAR = 6,
    FRAME_ERROR = 7,
};

enum cell_status {
    CELL_FINISHED = 0,
    CELL_RAISED = 1,
    CELL_INTERRUPTED = 2,
    CELL_KERNEL_FAILED = 3,
};

/* No stream frame is longer than this; longer writes are cut into several frames. */
#define STREAM_FRAME_LIMIT (1024 * 1024)

/* Functions of the Python half that C calls; each is found once, at boot, so that later changes to modules
 * cannot take them away. The order is that of hook_names in channel.c. */
enum kernel_hook {
    HOOK_BEGIN,    /* begin(options: bytes) -> undo: apply the options of a cell */
    HOOK_END,      /* end(undo): take them back */
    HOOK_REWRITE,  /* rewrite(source) -> str | None: magics, prompts, indentation; None: nothing to change */
    HOOK_REPORT,   /* report(exception, silent) -> status: emit the error frame */
    HOOK_SHOW,     /* show(value): emit the result frame of any value */
    HOOK_AWAIT,    /* await_value(coroutine or code) -> value: run it on the kernel's event loop */
    HOOK_TURN,     /* turn(): let background tasks of the loop run what is due */
    HOOK_REPAIR,   /* repair(): make whole what a cell left broken: streams, __main__, signal handler */
    HOOK_RENEW,    /* renew(order: bytes): take new random state, host functions, environment */
    HOOK_PROGRAM,  /* program(arguments, environment) -> exit status: run as the language's own command does */
    HOOK_FLUSH,    /* flush(): show the figures that the cell left open, and close them */
    HOOK_COUNT,
};

/* Names that every cell needs: made once, see kernel_names. */
enum kernel_name {
    NAME_MAIN,
    NAME_SYS,
    NAME_BUILTINS,
    NAME_STDOUT,
    NAME_STDERR,
    NAME_WRITE,
    NAME_STR,
    NAME_READY,
    NAME_SCHEDULED,
    NAME_UNDER_WAY,
    NAME_LAST_INPUT,
    NAME_INPUT_BEFORE,
    NAME_INPUT_BEFORE_THAT,
    NAME_LAST_VALUE,
    NAME_VALUE_BEFORE,
    NAME_VALUE_BEFORE_THAT,
    NAME_COUNT,
};

struct kernel {
    PyObject *globals;           /* dict of __main__: the user's namespace */
    PyObject *main_module;
    PyObject *modules;           /* sys.modules */
    PyObject *automagic;         /* first words of lines that may be magics though they look like Python */
    PyObject *inputs;            /* the list In */
    PyObject *outputs;           /* the dict Out */
    PyObject *sources;           /* file name of a cell -> its source text */
    PyObject *line_cache;        /* linecache.cache */
    PyObject *figures;           /* matplotlib's open figures: a dict, or None when it is not in this image */
    PyObject *loop;              /* the event loop that lives across cells */
    PyObject *streams[2];        /* sys.stdout and sys.stderr of the kernel */
    PyObject *stream_write;      /* the write function of their class, to see whether someone replaced it */
    int stream_closed[2];
    PyObject *plain_print;       /* the interpreter's own print */
    PyObject *plain_setrecursionlimit;
    PyObject *interrupt_handler; /* raises KeyboardInterrupt */
    PyObject *output_limit_error;
    PyObject *last_values[3];    /* what the kernel last stored as _, __ and ___ */
    PyObject *hooks[HOOK_COUNT];
    PyObject *file_name;         /* name given by the options of this cell, or NULL */
    PyObject *precision;         /* set by %precision: a float is not shown by plain repr then */
    int silent;
    int discarding;              /* warming up: frames are thrown away */
    int future_flags;            /* `from __future__` imports hold for later cells */
    Py_ssize_t cell_number;
};

extern struct kernel kernel;
extern PyObject *kernel_names[NAME_COUNT];

/* channel.c */
PyMODINIT_FUNC PyInit__sandcell(void);
int kernel_emit(enum frame_kind kind, const char *data, size_t length);
int kernel_emit_text(enum frame_kind kind, PyObject *text);
PyObject *kernel_call_hook(enum kernel_hook hook, PyObject *const *arguments, size_t count);

/* print.c */
extern PyMethodDef kernel_print_method;

/* source.c */
struct compiled_cell {
    PyObject *body;       /* code of all but the last expression, or NULL */
    PyObject *expression; /* code of the last statement if it is an expression, or NULL */
    int quiet;            /* the expression ends in a semicolon: its value is not shown */
};
int kernel_compile(const char *text, size_t length, PyObject *file_name, struct compiled_cell *cell);
PyObject *kernel_run_code(PyObject *code);

/* children.c */
PyObject *kernel_spawn(PyObject *module, PyObject *errand);
PyObject *kernel_wait_child(PyObject *module, PyObject *arguments);
PyObject *kernel_kill(PyObject *module, PyObject *arguments);
PyObject *kernel_process(PyObject *module, PyObject *nothing);
PyObject *kernel_pipe(PyObject *module, PyObject *nothing);
PyObject *kernel_duplicate(PyObject *module, PyObject *arguments);
PyObject *kernel_mode(PyObject *module, PyObject *arguments);
PyObject *kernel_set_mode(PyObject *module, PyObject *arguments);

/* freeze.c */
int kernel_freeze_objects(void);
void kernel_fill_holes(void);

/* reserve.c */
void kernel_hold_reserve(void);
int kernel_release_reserve(void);

/* cell.c */
PyObject *kernel_warm_up(PyObject *cells, PyObject *options);

/* result.c */
int kernel_store_input(PyObject *source, PyObject *file_name);
int kernel_show_result(PyObject *value);
void kernel_forget_results(void);

#endif
