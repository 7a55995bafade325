/* The module `_sandcell`: the host's imports and the kernel's C functions, for the Python half of the kernel. */
#include "kernel.h"

struct kernel kernel;
PyObject *kernel_names[NAME_COUNT];

static const char *const name_texts[NAME_COUNT] = {
    [NAME_MAIN] = "__main__",        [NAME_SYS] = "sys",
    [NAME_BUILTINS] = "__builtins__", [NAME_STDOUT] = "stdout",
    [NAME_STDERR] = "stderr",        [NAME_WRITE] = "write",
    [NAME_STR] = "__str__",          [NAME_READY] = "_ready",
    [NAME_SCHEDULED] = "_scheduled", [NAME_UNDER_WAY] = "_under_way",
    [NAME_LAST_INPUT] = "_i",        [NAME_INPUT_BEFORE] = "_ii",
    [NAME_INPUT_BEFORE_THAT] = "_iii", [NAME_LAST_VALUE] = "_",
    [NAME_VALUE_BEFORE] = "__",      [NAME_VALUE_BEFORE_THAT] = "___",
};

static const char *const hook_names[HOOK_COUNT] = {
    [HOOK_BEGIN] = "begin",   [HOOK_END] = "end",     [HOOK_REWRITE] = "rewrite",
    [HOOK_REPORT] = "report", [HOOK_SHOW] = "show",   [HOOK_AWAIT] = "await_value",
    [HOOK_TURN] = "turn",     [HOOK_REPAIR] = "repair", [HOOK_RENEW] = "renew",
    [HOOK_PROGRAM] = "program",
    [HOOK_FLUSH] = "flush",
};

/* One frame to the host; waits while the reader is slow. -1 with an exception set if it was not taken. */
static int emit_frame(enum frame_kind kind, const char *data, size_t length)
{
    if (kernel.discarding) {
        return 0;
    }
    for (;;) {
        switch (sandcell_emit((int32_t)kind, data, (int32_t)length)) {
        case 0:
            return 0;
        case 1:
            PyErr_SetString(kernel.output_limit_error ? kernel.output_limit_error : PyExc_OSError,
                            "the output limit of this execution is spent: the host takes no more output");
            return -1;
        case 2:
            /* An interrupt came. A handler of the user's may choose not to raise: then try again. */
            if (PyErr_CheckSignals() < 0) {
                return -1;
            }
            break;
        default:
            PyErr_Format(PyExc_ValueError, "the host refused an output frame of kind %d and %zu bytes",
                         (int)kind, length);
            return -1;
        }
    }
}

/* Emit `length` bytes. Stream frames are cut at STREAM_FRAME_LIMIT, if possible not within a character. */
int kernel_emit(enum frame_kind kind, const char *data, size_t length)
{
    if (kind != FRAME_STDOUT && kind != FRAME_STDERR) {
        if (length > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "the output frame is too long");
            return -1;
        }
        return emit_frame(kind, data, length);
    }
    while (length > 0) {
        size_t part = length;
        if (part > STREAM_FRAME_LIMIT) {
            part = STREAM_FRAME_LIMIT;
            for (int back = 0; back < 3 && ((unsigned char)data[part] & 0xC0) == 0x80; back++) {
                part--;
            }
        }
        if (emit_frame(kind, data, part) < 0) {
            return -1;
        }
        data += part;
        length -= part;
    }
    return 0;
}

/* Emit a str to a stream. Lone surrogates: stdout gives back the bytes that they stand for (or raises, as
 * CPython's own stdout does), stderr prints them with backslashes. */
int kernel_emit_text(enum frame_kind kind, PyObject *text)
{
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        return kernel_emit(kind, PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text));
    }
    PyObject *bytes = PyUnicode_AsEncodedString(
        text, "utf-8", kind == FRAME_STDOUT ? "surrogateescape" : "backslashreplace");
    if (bytes == NULL) {
        return -1;
    }
    int outcome = kernel_emit(kind, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    return outcome;
}

/* Call into the Python half. A trace or profile function that a cell left behind must not see the kernel's own
 * frames, and a recursion limit that a cell set very low must not stop the kernel. */
PyObject *kernel_call_hook(enum kernel_hook hook, PyObject *const *arguments, size_t count)
{
    PyObject *function = kernel.hooks[hook];
    if (function == NULL) {
        PyErr_Format(PyExc_SystemError, "the kernel has no %s", hook_names[hook]);
        return NULL;
    }
    PyThreadState *thread = PyThreadState_Get();
    /* These run code of the user: there tracing stays as the user set it. */
    int runs_user_code = hook == HOOK_AWAIT || hook == HOOK_TURN || hook == HOOK_PROGRAM
        || hook == HOOK_FLUSH;
    int limit = Py_GetRecursionLimit();
    if (!runs_user_code) {
        PyThreadState_EnterTracing(thread);
        if (limit < 1000) {
            Py_SetRecursionLimit(1000);
        }
    }
    PyObject *value = PyObject_Vectorcall(function, arguments, count, NULL);
    if (!runs_user_code) {
        if (limit < 1000) {
            Py_SetRecursionLimit(limit);
        }
        PyThreadState_LeaveTracing(thread);
    }
    return value;
}

PyDoc_STRVAR(emit_doc, "emit(kind, payload, /)\n--\n\nSend one frame (bytes) to the host.");
static PyObject *channel_emit(PyObject *module, PyObject *arguments)
{
    int kind;
    Py_buffer payload;
    if (!PyArg_ParseTuple(arguments, "iy*:emit", &kind, &payload)) {
        return NULL;
    }
    int outcome = -1;
    if (kind < FRAME_STDOUT || kind > FRAME_ERROR) {
        PyErr_Format(PyExc_ValueError, "no frame kind %d", kind);
    }
    else {
        outcome = kernel_emit((enum frame_kind)kind, payload.buf, (size_t)payload.len);
    }
    PyBuffer_Release(&payload);
    if (outcome < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(emit_text_doc, "emit_text(kind, text, /)\n--\n\nSend a str to the stream of this kind (1 or 2).");
static PyObject *channel_emit_text(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyLong_Check(arguments[0]) || !PyUnicode_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "emit_text(kind: int, text: str)");
        return NULL;
    }
    long kind = PyLong_AsLong(arguments[0]);
    if (kind != FRAME_STDOUT && kind != FRAME_STDERR) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_ValueError, "frame kind %ld is no stream", kind);
        }
        return NULL;
    }
    if (kernel_emit_text((enum frame_kind)kind, arguments[1]) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(call_doc, "call(payload, /)\n--\n\nStart a host function; the id of the call, or a negative reason.");
static PyObject *channel_call(PyObject *module, PyObject *payload)
{
    Py_buffer view;
    if (PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    int64_t id = view.len > INT32_MAX ? -2 : sandcell_call(view.buf, (int32_t)view.len);
    PyBuffer_Release(&view);
    return PyLong_FromLongLong(id);
}

PyDoc_STRVAR(wait_doc,
"wait(timeout_nanoseconds, /)\n--\n\n"
"Wait for the next completion of a host call: its bytes; None when the time is over or an interrupt came whose\n"
"handler did not raise; False when nothing is under way and the timeout is negative.");
static PyObject *channel_wait(PyObject *module, PyObject *timeout)
{
    long long nanoseconds = PyLong_AsLongLong(timeout);
    if (nanoseconds == -1 && PyErr_Occurred()) {
        return NULL;
    }
    int32_t length = sandcell_wait(nanoseconds);
    if (length == 0) {
        Py_RETURN_NONE;
    }
    if (length == -1) {
        if (PyErr_CheckSignals() < 0) {
            return NULL;
        }
        Py_RETURN_NONE;
    }
    if (length < 0) {
        Py_RETURN_FALSE;
    }
    PyObject *completion = PyBytes_FromStringAndSize(NULL, length);
    if (completion == NULL) {
        return NULL;
    }
    if (sandcell_take(PyBytes_AS_STRING(completion), length) != 0) {
        Py_DECREF(completion);
        PyErr_SetString(PyExc_SystemError, "the host took back a completion that it had announced");
        return NULL;
    }
    return completion;
}

PyDoc_STRVAR(compile_doc,
"compile_cell(source, file_name, /)\n--\n\n"
"Compile cell text: (code of all but the last expression or None, code of that expression or None, quiet).");
static PyObject *channel_compile(PyObject *module, PyObject *arguments)
{
    const char *text;
    Py_ssize_t length;
    PyObject *file_name;
    if (!PyArg_ParseTuple(arguments, "s#U:compile_cell", &text, &length, &file_name)) {
        return NULL;
    }
    struct compiled_cell cell;
    if (kernel_compile(text, (size_t)length, file_name, &cell) < 0) {
        return NULL;
    }
    PyObject *parts = Py_BuildValue("OOO", cell.body ? cell.body : Py_None,
                                    cell.expression ? cell.expression : Py_None, cell.quiet ? Py_True : Py_False);
    Py_XDECREF(cell.body);
    Py_XDECREF(cell.expression);
    return parts;
}

PyDoc_STRVAR(run_code_doc,
"run_code(code, /)\n--\n\nRun code in the user's namespace, awaiting it if it is a coroutine.");
static PyObject *channel_run_code(PyObject *module, PyObject *code)
{
    if (!PyCode_Check(code)) {
        PyErr_SetString(PyExc_TypeError, "run_code needs a code object");
        return NULL;
    }
    return kernel_run_code(code);
}

PyDoc_STRVAR(interrupt_doc,
"interrupt(signal_number, frame, /)\n--\n\nThe handler of SIGINT: raise KeyboardInterrupt.");
static PyObject *channel_interrupt(PyObject *module, PyObject *arguments)
{
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return NULL;
}

PyDoc_STRVAR(set_closed_doc,
"set_closed(kind, closed, /)\n--\n\nSay whether the stream of this kind (1 or 2) is closed.");
static PyObject *channel_set_closed(PyObject *module, PyObject *arguments)
{
    int kind, closed;
    if (!PyArg_ParseTuple(arguments, "ip:set_closed", &kind, &closed)) {
        return NULL;
    }
    if (kind != FRAME_STDOUT && kind != FRAME_STDERR) {
        PyErr_Format(PyExc_ValueError, "frame kind %d is no stream", kind);
        return NULL;
    }
    kernel.stream_closed[kind - 1] = closed;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(cell_number_doc, "cell_number()\n--\n\nThe number of the cell that runs or ran last.");
static PyObject *channel_cell_number(PyObject *module, PyObject *unused)
{
    return PyLong_FromSsize_t(kernel.cell_number);
}

PyDoc_STRVAR(forget_doc,
"forget(cell_number, /)\n--\n\nDrop what C remembers of past results and flags and count cells from this number on.");
static PyObject *channel_forget(PyObject *module, PyObject *number)
{
    Py_ssize_t cell_number = PyLong_AsSsize_t(number);
    if (cell_number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    kernel_forget_results();
    kernel.future_flags = 0;
    kernel.cell_number = cell_number;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_file_name_doc,
"set_file_name(name, /)\n--\n\nThe cell that runs next is this file (None: it is a numbered cell).");
static PyObject *channel_set_file_name(PyObject *module, PyObject *name)
{
    if (name != Py_None && !PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "a file name is a str or None");
        return NULL;
    }
    Py_XSETREF(kernel.file_name, name == Py_None ? NULL : Py_NewRef(name));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_silent_doc, "set_silent(silent, /)\n--\n\nThe cell that runs next leaves no result and no history.");
static PyObject *channel_set_silent(PyObject *module, PyObject *silent)
{
    int truth = PyObject_IsTrue(silent);
    if (truth < 0) {
        return NULL;
    }
    kernel.silent = truth;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_precision_doc,
"set_precision(format, /)\n--\n\nThe format of shown floats (None: as repr gives them).");
static PyObject *channel_set_precision(PyObject *module, PyObject *format)
{
    Py_XSETREF(kernel.precision, format == Py_None ? NULL : Py_NewRef(format));
    Py_RETURN_NONE;
}

/* Python functions may call each other so deep at most; see "Recursion" in README.md. */
#define RECURSION_LIMIT 200000

PyDoc_STRVAR(setrecursionlimit_doc,
"setrecursionlimit($module, limit, /)\n--\n\n"
"Set the maximum depth of the Python interpreter stack to n (in this sandbox 200000 at most).");
/* In C: a function in Python would itself be one level deep. */
static PyObject *channel_setrecursionlimit(PyObject *module, PyObject *limit)
{
    int overflow = 0;
    if (PyLong_Check(limit) && (PyLong_AsLongAndOverflow(limit, &overflow) > RECURSION_LIMIT || overflow > 0)) {
        limit = PyLong_FromLong(RECURSION_LIMIT);
    } else {
        Py_INCREF(limit);
    }
    PyObject *answer = limit == NULL ? NULL : PyObject_CallOneArg(kernel.plain_setrecursionlimit, limit);
    Py_XDECREF(limit);
    return answer;
}

/* Move `name` from the parts that the Python half hands over into a field of the kernel. */
static int adopt(PyObject *parts, const char *name, PyObject **field)
{
    PyObject *value = PyDict_GetItemString(parts, name);
    if (value == NULL) {
        PyErr_Format(PyExc_KeyError, "install: %s is missing", name);
        return -1;
    }
    Py_XSETREF(*field, Py_NewRef(value));
    return 0;
}

PyDoc_STRVAR(install_doc, "install(**parts)\n--\n\nHand over, once at boot, all objects that the C half holds.");
static PyObject *channel_install(PyObject *module, PyObject *arguments, PyObject *parts)
{
    if (parts == NULL || PyTuple_GET_SIZE(arguments) != 0) {
        PyErr_SetString(PyExc_TypeError, "install takes keyword arguments");
        return NULL;
    }
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        if (adopt(parts, hook_names[hook], &kernel.hooks[hook]) < 0) {
            return NULL;
        }
    }
    struct { const char *name; PyObject **field; } fields[] = {
        {"automagic", &kernel.automagic}, {"inputs", &kernel.inputs},
        {"outputs", &kernel.outputs}, {"sources", &kernel.sources},
        {"line_cache", &kernel.line_cache}, {"figures", &kernel.figures}, {"loop", &kernel.loop}, {"stdout", &kernel.streams[0]},
        {"stderr", &kernel.streams[1]}, {"stream_write", &kernel.stream_write},
        {"plain_print", &kernel.plain_print}, {"interrupt_handler", &kernel.interrupt_handler},
    };
    for (size_t index = 0; index < Py_ARRAY_LENGTH(fields); index++) {
        if (adopt(parts, fields[index].name, fields[index].field) < 0) {
            return NULL;
        }
    }
    if (!PyList_CheckExact(kernel.inputs) || !PyDict_CheckExact(kernel.outputs) ||
        !PyDict_CheckExact(kernel.sources) || !PyDict_CheckExact(kernel.line_cache) ||
        (kernel.figures != Py_None && !PyDict_Check(kernel.figures)) ||
        !PyFrozenSet_CheckExact(kernel.automagic)) {
        PyErr_SetString(PyExc_TypeError, "install: a part is of the wrong type");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(warm_up_doc,
"warm_up(cells, options, /)\n--\n\n"
"Run these cells (a tuple of str) with their frames thrown away, the last one with these options; their statuses.");
static PyObject *channel_warm_up(PyObject *module, PyObject *arguments)
{
    PyObject *cells, *options;
    if (!PyArg_ParseTuple(arguments, "O!S:warm_up", &PyTuple_Type, &cells, &options)) {
        return NULL;
    }
    return kernel_warm_up(cells, options);
}

static PyMethodDef channel_methods[] = {
    {"emit", channel_emit, METH_VARARGS, emit_doc},
    {"emit_text", _PyCFunction_CAST(channel_emit_text), METH_FASTCALL, emit_text_doc},
    {"call", channel_call, METH_O, call_doc},
    {"wait", channel_wait, METH_O, wait_doc},
    {"compile_cell", channel_compile, METH_VARARGS, compile_doc},
    {"run_code", channel_run_code, METH_O, run_code_doc},
    {"interrupt", channel_interrupt, METH_VARARGS, interrupt_doc},
    {"set_closed", channel_set_closed, METH_VARARGS, set_closed_doc},
    {"cell_number", channel_cell_number, METH_NOARGS, cell_number_doc},
    {"forget", channel_forget, METH_O, forget_doc},
    {"set_file_name", channel_set_file_name, METH_O, set_file_name_doc},
    {"set_silent", channel_set_silent, METH_O, set_silent_doc},
    {"setrecursionlimit", channel_setrecursionlimit, METH_O, setrecursionlimit_doc},
    {"set_precision", channel_set_precision, METH_O, set_precision_doc},
    {"warm_up", channel_warm_up, METH_VARARGS, warm_up_doc},
    {"install", _PyCFunction_CAST(channel_install), METH_VARARGS | METH_KEYWORDS, install_doc},
    {"spawn", kernel_spawn, METH_O, NULL},
    {"wait_child", kernel_wait_child, METH_VARARGS, NULL},
    {"kill", kernel_kill, METH_VARARGS, NULL},
    {"process", kernel_process, METH_NOARGS, NULL},
    {"pipe", kernel_pipe, METH_NOARGS, NULL},
    {"duplicate", kernel_duplicate, METH_VARARGS, NULL},
    {"mode", kernel_mode, METH_VARARGS, NULL},
    {"set_mode", kernel_set_mode, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int channel_exec(PyObject *module)
{
    for (int name = 0; name < NAME_COUNT; name++) {
        kernel_names[name] = PyUnicode_InternFromString(name_texts[name]);
        if (kernel_names[name] == NULL) {
            return -1;
        }
    }
    kernel.output_limit_error = PyErr_NewExceptionWithDoc(
        "sandcell.OutputLimitExceeded", "The output limit of this execution is spent.", PyExc_OSError, NULL);
    if (kernel.output_limit_error == NULL ||
        PyModule_AddObjectRef(module, "OutputLimitExceeded", kernel.output_limit_error) < 0) {
        return -1;
    }
    kernel.plain_setrecursionlimit = Py_XNewRef(PySys_GetObject("setrecursionlimit"));
    if (kernel.plain_setrecursionlimit == NULL) {
        return -1;
    }
    /* print belongs to builtins, as the one that it stands for */
    PyObject *builtins = PyImport_ImportModule("builtins");
    PyObject *builtins_name = PyUnicode_FromString("builtins");
    PyObject *print = NULL;
    if (builtins != NULL && builtins_name != NULL) {
        print = PyCFunction_NewEx(&kernel_print_method, builtins, builtins_name);
    }
    Py_XDECREF(builtins);
    Py_XDECREF(builtins_name);
    return PyModule_Add(module, "print", print);
}

static PyModuleDef_Slot channel_slots[] = {
    {Py_mod_exec, channel_exec},
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef channel_module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_sandcell",
    .m_doc = "The C half of the Sandcell kernel.",
    .m_methods = channel_methods,
    .m_slots = channel_slots,
};

PyMODINIT_FUNC PyInit__sandcell(void)
{
    return PyModuleDef_Init(&channel_module);
}
