/* One cell: the export `sandcell_execute` and what belongs to it. */
#include "kernel.h"
#include <internal/pycore_ceval.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_pystate.h>
#include <internal/pycore_runtime.h>
#include <signal.h>

/* ---- the buffer that the host writes its orders into ---- */

/* A buffer that one big cell made large is given back when the next order is small. */
#define BUFFER_KEPT (256 * 1024)

static char *buffer;
static size_t buffer_size;

GUEST_EXPORT(sandcell_buffer) void *sandcell_buffer(int32_t length)
{
    if (length < 0) {
        return NULL;
    }
    size_t wanted = (size_t)length + 1; /* the parser wants a NUL behind the text */
    if (wanted > buffer_size || (buffer_size > BUFFER_KEPT && wanted <= BUFFER_KEPT)) {
        size_t size = wanted < 4096 ? 4096 : wanted;
        PyMem_RawFree(buffer);
        buffer_size = 0;
        buffer = PyMem_RawMalloc(size);
        if (buffer == NULL) {
            return NULL;
        }
        buffer_size = size;
    }
    return buffer;
}

/* ---- interruption ---- */

/* The words that CPython polls for SIGINT: the host sets them from outside, as a signal handler would. */
GUEST_EXPORT(sandcell_interrupt) const void *sandcell_interrupt(void)
{
    static uint32_t table[7];
    const void *words[3] = {
        &_PyRuntime.signals.handlers[SIGINT].tripped,
        &_PyRuntime.signals.is_tripped,
        &PyThreadState_Get()->eval_breaker,
    };
    const uint32_t bits[3] = {1, 1, _PY_SIGNALS_PENDING_BIT};
    table[0] = 3;
    for (int index = 0; index < 3; index++) {
        table[1 + 2 * index] = (uint32_t)(uintptr_t)words[index];
        table[2 + 2 * index] = bits[index];
    }
    return table;
}

/* An interrupt that came when its cell had just ended must not hit the next one. */
static void forget_interrupt(void)
{
    _PyRuntime.signals.handlers[SIGINT].tripped = 0;
    _PyRuntime.signals.is_tripped = 0;
    _Py_unset_eval_breaker_bit(PyThreadState_Get(), _PY_SIGNALS_PENDING_BIT);
}

/* ---- errors ---- */

/* The error frame of last resort: the type's name alone, with nothing of Python's involved. */
static int report_by_name(PyObject *exception)
{
    char frame[512], name[128];
    size_t length = 0;
    for (const char *place = Py_TYPE(exception)->tp_name; *place != '\0' && length < sizeof name - 1; place++) {
        /* a type's name may be any text: what JSON could not hold as it is becomes a question mark */
        name[length++] = *place < 0x20 || *place == '"' || *place == '\\' ? '?' : *place;
    }
    name[length] = '\0';
    int size = PyOS_snprintf(frame, sizeof frame,
                             "{\"name\":\"%s\",\"value\":\"\",\"traceback\":\"%s (the traceback could not be made)\"}",
                             name, name);
    if (kernel_emit(FRAME_ERROR, frame, (size_t)size) < 0) {
        PyErr_Clear();
    }
    return PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt) ? CELL_INTERRUPTED : CELL_RAISED;
}

/* Call a hook of the kernel's own so that it gets done: once more if an interrupt fell into it (which has then done
 * its work), and once more with the reserve if there was no memory. */
static PyObject *insist(enum kernel_hook hook, PyObject *const *arguments, size_t count)
{
    PyObject *value = kernel_call_hook(hook, arguments, count);
    for (int attempt = 0; attempt < 2 && value == NULL; attempt++) {
        if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
            PyErr_Clear();
        }
        else if (!kernel_release_reserve()) {
            break;
        }
        value = kernel_call_hook(hook, arguments, count);
    }
    kernel_hold_reserve();
    return value;
}

/* Report the exception that is set; the status of the cell. */
static int report_error(void)
{
    PyObject *exception = PyErr_GetRaisedException();
    if (exception == NULL) {
        return CELL_KERNEL_FAILED;
    }
    PyObject *arguments[2] = {exception, kernel.silent ? Py_True : Py_False};
    PyObject *answer = insist(HOOK_REPORT, arguments, 2);
    int status = CELL_KERNEL_FAILED;
    if (answer == NULL) {
        PyErr_Clear();
        status = report_by_name(exception);
    }
    else {
        long number = PyLong_AsLong(answer);
        if (number >= CELL_FINISHED && number <= CELL_INTERRUPTED) {
            status = (int)number;
        }
        PyErr_Clear();
        Py_DECREF(answer);
    }
    Py_DECREF(exception);
    return status;
}

/* ---- the cell ---- */

static Py_ssize_t attribute_size(PyObject *object, enum kernel_name name)
{
    PyObject *value = PyObject_GetAttr(object, kernel_names[name]);
    Py_ssize_t size = value == NULL ? -1 : PyObject_Size(value);
    Py_XDECREF(value);
    if (size < 0) {
        PyErr_Clear();
    }
    return size;
}

/* Background tasks get a turn before and after each cell, if there are any. */
static int turn_loop(void)
{
    if (attribute_size(kernel.loop, NAME_READY) <= 0 && attribute_size(kernel.loop, NAME_SCHEDULED) <= 0 &&
        attribute_size(kernel.loop, NAME_UNDER_WAY) <= 0) {
        return 0;
    }
    PyObject *done = kernel_call_hook(HOOK_TURN, NULL, 0);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static int is_missing(PyObject *dict, enum kernel_name name)
{
    PyObject *value = PyDict_GetItemWithError(dict, kernel_names[name]);
    return value == NULL || value == Py_None;
}

/* Is something broken that every cell stands on? A user may empty sys.modules, close or delete a stream, ignore
 * SIGINT, clear globals(): that is for the rest of that cell. */
static int is_broken(PyThreadState *thread)
{
    PyObject *main_module = PyDict_GetItemWithError(kernel.modules, kernel_names[NAME_MAIN]);
    return main_module != kernel.main_module || is_missing(kernel.modules, NAME_SYS) ||
           is_missing(kernel.globals, NAME_BUILTINS) || kernel.stream_closed[0] || kernel.stream_closed[1] ||
           is_missing(thread->interp->sysdict, NAME_STDOUT) || is_missing(thread->interp->sysdict, NAME_STDERR) ||
           _PyRuntime.signals.handlers[SIGINT].func != kernel.interrupt_handler;
}

static void repair(void)
{
    if (!is_broken(PyThreadState_Get())) {
        return;
    }
    PyObject *done = kernel_call_hook(HOOK_REPAIR, NULL, 0);
    if (done == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(done);
}

/* Text that is not UTF-8 is a syntax error, worded as the tokenizer words it. */
static PyObject *decode_source(const char *text, Py_ssize_t length)
{
    PyObject *source = PyUnicode_DecodeUTF8(text, length, "strict");
    if (source == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyObject *reason = PyErr_GetRaisedException();
        PyErr_Format(PyExc_SyntaxError, "(unicode error) %S", reason);
        Py_DECREF(reason);
    }
    return source;
}

/* Cells that are Python by accident: a pasted `In [1]: x` is an annotation, `cd /tmp` a division. */
static int may_be_magic(const char *text, Py_ssize_t length)
{
    if (length > 4 && memcmp(text, "In [", 4) == 0) {
        return 1;
    }
    Py_ssize_t word = 0;
    while (word < length && word < 8 && text[word] >= 'a' && text[word] <= 'z') {
        word++;
    }
    if (word < 2 || (word < length && text[word] != ' ' && text[word] != '\n') ||
        memchr(text, '\n', (size_t)length - 1) != NULL) {
        return 0;
    }
    PyObject *name = PyUnicode_FromStringAndSize(text, word);
    int known = name == NULL ? -1 : PySet_Contains(kernel.automagic, name);
    Py_XDECREF(name);
    if (known < 0) {
        PyErr_Clear();
    }
    return known > 0;
}

/* The text as plain Python: a new str, None if there is nothing to change, NULL with an exception set. */
static PyObject *rewrite_source(PyObject *source)
{
    PyObject *rewritten = kernel_call_hook(HOOK_REWRITE, &source, 1);
    if (rewritten != NULL && rewritten != Py_None && !PyUnicode_Check(rewritten)) {
        Py_DECREF(rewritten);
        PyErr_SetString(PyExc_SystemError, "a rewritten cell is no str");
        return NULL;
    }
    return rewritten;
}

static int compile_rewritten(PyObject *rewritten, PyObject *file_name, struct compiled_cell *cell)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(rewritten, &length);
    return text == NULL ? -1 : kernel_compile(text, (size_t)length, file_name, cell);
}

/* Compile the text as it is; if it is no Python, perhaps what IPython adds to Python (magics, prompts, an
 * indented cell) makes it so. The common cell pays nothing for that. */
static int compile_source(const char *text, Py_ssize_t length, PyObject *source, PyObject *file_name,
                          struct compiled_cell *cell)
{
    PyObject *error = NULL;
    if (!may_be_magic(text, length)) {
        if (kernel_compile(text, (size_t)length, file_name, cell) == 0) {
            return 0;
        }
        if (!PyErr_ExceptionMatches(PyExc_SyntaxError)) {
            return -1;
        }
        error = PyErr_GetRaisedException();
    }
    PyObject *rewritten = rewrite_source(source);
    int outcome = -1;
    if (rewritten != NULL && rewritten != Py_None) {
        outcome = compile_rewritten(rewritten, file_name, cell);
    }
    else if (rewritten != NULL && error != NULL) {
        PyErr_SetRaisedException(Py_NewRef(error));
    }
    else if (rewritten != NULL) {
        outcome = kernel_compile(text, (size_t)length, file_name, cell);
    }
    Py_XDECREF(rewritten);
    Py_XDECREF(error);
    return outcome;
}

static int is_coroutine(PyObject *code)
{
    return code != NULL && (((PyCodeObject *)code)->co_flags & CO_COROUTINE) != 0;
}

/* Run both parts of the cell and show the value; -1 with the exception set. The user wrote one cell: if its last
 * expression awaits, the event loop runs while the lines before it do. */
static int run_compiled(struct compiled_cell *cell)
{
    if (cell->body != NULL) {
        int in_loop = is_coroutine(cell->expression) && !is_coroutine(cell->body);
        PyObject *nothing = in_loop ? kernel_call_hook(HOOK_AWAIT, &cell->body, 1) : kernel_run_code(cell->body);
        if (nothing == NULL) {
            return -1;
        }
        Py_DECREF(nothing);
    }
    if (cell->expression == NULL) {
        return 0;
    }
    PyObject *value = kernel_run_code(cell->expression);
    if (value == NULL) {
        return -1;
    }
    int outcome = 0;
    if (value != Py_None && !cell->quiet && !kernel.silent) {
        outcome = kernel_show_result(value);
    }
    Py_DECREF(value);
    return outcome;
}

/* Remember and compile the text. `stored` tells whether it is remembered already. */
static int prepare(const char *text, Py_ssize_t length, PyObject *file_name, int *stored, struct compiled_cell *cell)
{
    PyObject *source = decode_source(text, length);
    if (source == NULL) {
        return -1;
    }
    int outcome = 0;
    if (!*stored) {
        outcome = kernel_store_input(source, file_name);
        *stored = outcome == 0;
    }
    if (outcome == 0) {
        outcome = compile_source(text, length, source, file_name, cell);
    }
    Py_DECREF(source);
    return outcome;
}

static int run_source(const char *text, Py_ssize_t length, PyObject *file_name)
{
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* the mark that some editors put before UTF-8 */
        length -= 3;
    }
    struct compiled_cell cell = {0};
    int stored = 0;
    kernel_hold_reserve();
    int outcome = prepare(text, length, file_name, &stored, &cell);
    if (outcome < 0 && kernel_release_reserve()) {
        outcome = prepare(text, length, file_name, &stored, &cell);
        kernel_hold_reserve();
    }
    if (outcome == 0) {
        outcome = run_compiled(&cell);
    }
    Py_XDECREF(cell.body);
    Py_XDECREF(cell.expression);
    return outcome;
}

/* As in Jupyter: what the cell drew is shown when it ends, if it raised as well. */
static int show_figures(void)
{
    if (kernel.figures == Py_None || PyDict_GET_SIZE(kernel.figures) == 0 || kernel.silent) {
        return 0;
    }
    PyObject *done = kernel_call_hook(HOOK_FLUSH, NULL, 0);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static int run_cell(const char *text, Py_ssize_t length)
{
    repair();
    if (turn_loop() < 0) {
        return report_error();
    }
    if (!kernel.silent) {
        kernel.cell_number++;
    }
    PyObject *file_name = kernel.file_name != NULL ? Py_NewRef(kernel.file_name)
                          : kernel.silent          ? PyUnicode_FromString("Cell (silent)")
                                                   : PyUnicode_FromFormat("Cell In[%zd]", kernel.cell_number);
    int status = CELL_FINISHED;
    if (file_name == NULL || run_source(text, length, file_name) < 0) {
        status = report_error();
    }
    Py_XDECREF(file_name);
    if (status != CELL_INTERRUPTED && show_figures() < 0) {
        int figures_status = report_error();
        status = status == CELL_FINISHED ? figures_status : status;
    }
    if (turn_loop() < 0) {
        int turn_status = report_error();
        status = status == CELL_FINISHED ? turn_status : status;
    }
    return status;
}

GUEST_EXPORT(sandcell_execute) int32_t sandcell_execute(int32_t code_length, int32_t options_length)
{
    if (buffer == NULL || code_length < 0 || options_length < 0 ||
        (size_t)code_length + (size_t)options_length >= buffer_size) {
        return CELL_KERNEL_FAILED;
    }
    kernel.silent = 0;
    PyObject *undo = NULL;
    int status = CELL_FINISHED;
    if (options_length > 2) { /* an empty object asks for nothing */
        PyObject *options = PyBytes_FromStringAndSize(buffer + code_length, options_length);
        if (options != NULL) {
            undo = insist(HOOK_BEGIN, &options, 1);
            Py_DECREF(options);
        }
        if (undo == NULL) {
            status = report_error();
        }
    }
    if (status == CELL_FINISHED) {
        buffer[code_length] = '\0';
        status = run_cell(buffer, code_length);
    }
    if (undo != NULL) {
        PyObject *done = insist(HOOK_END, &undo, 1);
        if (done == NULL) {
            PyErr_Clear();
            status = CELL_KERNEL_FAILED;
        }
        Py_XDECREF(done);
        Py_DECREF(undo);
    }
    Py_CLEAR(kernel.file_name);
    kernel.silent = 0;
    PyErr_Clear();
    forget_interrupt();
    return status;
}

/* ---- warming up ---- */

static int warm_up_cell(PyObject *cell, PyObject *options)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(cell, &length);
    if (text == NULL) {
        return -1;
    }
    Py_ssize_t options_length = options == NULL ? 0 : PyBytes_GET_SIZE(options);
    char *place = sandcell_buffer((int32_t)(length + options_length));
    if (place == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(place, text, (size_t)length);
    if (options != NULL) {
        memcpy(place + length, PyBytes_AS_STRING(options), (size_t)options_length);
    }
    return sandcell_execute((int32_t)length, (int32_t)options_length);
}

/* Run the cells as the host would, but with their frames thrown away; a list of their statuses. */
PyObject *kernel_warm_up(PyObject *cells, PyObject *options)
{
    Py_ssize_t count = PyTuple_GET_SIZE(cells);
    PyObject *statuses = PyList_New(count);
    if (statuses == NULL) {
        return NULL;
    }
    kernel.discarding = 1;
    for (Py_ssize_t index = 0; index < count; index++) {
        int status = warm_up_cell(PyTuple_GET_ITEM(cells, index), index == count - 1 ? options : NULL);
        PyObject *number = status < 0 ? NULL : PyLong_FromLong(status);
        if (number == NULL) {
            Py_CLEAR(statuses);
            break;
        }
        PyList_SET_ITEM(statuses, index, number);
    }
    kernel.discarding = 0;
    return statuses;
}

/* ---- renewal ---- */

GUEST_EXPORT(sandcell_renew) int32_t sandcell_renew(int32_t length)
{
    if (length < 0 || (length > 0 && (buffer == NULL || (size_t)length >= buffer_size))) {
        return 1;
    }
    PyObject *order = PyBytes_FromStringAndSize(length > 0 ? buffer : NULL, length);
    PyObject *done = order == NULL ? NULL : kernel_call_hook(HOOK_RENEW, &order, 1);
    Py_XDECREF(order);
    if (done == NULL) {
        PyErr_Print();
        return 1;
    }
    Py_DECREF(done);
    return 0;
}
