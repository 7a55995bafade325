/* In, Out and their names in the user's namespace, and the result frame of plain values. */
#include "kernel.h"

/* In and Out keep this many cells: older inputs become '' and older outputs are dropped, a fifth at a time. */
#define HISTORY_LIMIT 1000
/* Texts longer than this are cut (and may be wrapped) by the Python half. */
#define PLAIN_TEXT_LIMIT 4096
/* A flat container is shown by its repr if it fits on a line. */
#define LINE_WIDTH 79
#define FLAT_ITEMS 40

static int set_global(enum kernel_name name, PyObject *value)
{
    return PyDict_SetItem(kernel.globals, kernel_names[name], value);
}

/* `format` has one %zd, the number of a cell. */
static int set_numbered(const char *format, PyObject *value)
{
    PyObject *name = PyUnicode_FromFormat(format, kernel.cell_number);
    int outcome = name == NULL ? -1 : PyDict_SetItem(kernel.globals, name, value);
    Py_XDECREF(name);
    return outcome;
}

/* The variable goes if it still holds what the kernel stored. */
static int drop_numbered(const char *format, Py_ssize_t number, PyObject *stored)
{
    PyObject *name = PyUnicode_FromFormat(format, number);
    if (name == NULL) {
        return -1;
    }
    int outcome = 0;
    if (PyDict_GetItemWithError(kernel.globals, name) == stored) {
        outcome = PyDict_DelItem(kernel.globals, name);
    }
    Py_DECREF(name);
    return outcome < 0 || PyErr_Occurred() ? -1 : 0;
}

/* Forget the input of a cell that is HISTORY_LIMIT cells old; its place in In stays. */
static int cull_input(Py_ssize_t number)
{
    if (number < 1 || number >= PyList_GET_SIZE(kernel.inputs)) {
        return 0;
    }
    if (drop_numbered("_i%zd", number, PyList_GET_ITEM(kernel.inputs, number)) < 0) {
        return -1;
    }
    PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0);
    if (empty == NULL || PyList_SetItem(kernel.inputs, number, empty) < 0) {
        return -1;
    }
    PyObject *file_name = PyUnicode_FromFormat("Cell In[%zd]", number);
    if (file_name == NULL) {
        return -1;
    }
    int outcome = PyDict_Pop(kernel.sources, file_name, NULL);
    if (outcome >= 0) {
        outcome = PyDict_Pop(kernel.line_cache, file_name, NULL);
    }
    Py_DECREF(file_name);
    return outcome < 0 ? -1 : 0;
}

/* Remember the source of a cell: for tracebacks and inspect.getsource, and, if the cell has a number, as In[n]. */
int kernel_store_input(PyObject *source, PyObject *file_name)
{
    if (PyDict_SetItem(kernel.sources, file_name, source) < 0) {
        return -1;
    }
    /* linecache calls the one member of a lazy entry for the text; a str's own __str__ gives just that */
    PyObject *getter = PyObject_GetAttr(source, kernel_names[NAME_STR]);
    PyObject *entry = getter == NULL ? NULL : PyTuple_Pack(1, getter);
    Py_XDECREF(getter);
    int outcome = entry == NULL ? -1 : PyDict_SetItem(kernel.line_cache, file_name, entry);
    Py_XDECREF(entry);
    if (outcome < 0 || kernel.silent) {
        return outcome;
    }
    Py_ssize_t length = PyList_GET_SIZE(kernel.inputs);
    PyObject *previous[3];
    for (Py_ssize_t back = 0; back < 3; back++) {
        previous[back] = length > back ? PyList_GET_ITEM(kernel.inputs, length - 1 - back) : NULL;
    }
    for (int back = 0; back < 3; back++) {
        if (previous[back] != NULL && set_global(NAME_LAST_INPUT + back, previous[back]) < 0) {
            return -1;
        }
    }
    if (PyList_Append(kernel.inputs, source) < 0) {
        return -1;
    }
    if (set_numbered("_i%zd", source) < 0) {
        return -1;
    }
    return cull_input(kernel.cell_number - HISTORY_LIMIT);
}

/* Out is full: drop its oldest fifth. */
static int cull_outputs(void)
{
    PyObject *numbers = PyDict_Keys(kernel.outputs);
    if (numbers == NULL) {
        return -1;
    }
    Py_ssize_t count = PyList_GET_SIZE(numbers);
    for (Py_ssize_t index = 0; index < count && index < HISTORY_LIMIT / 5; index++) {
        PyObject *key = PyList_GET_ITEM(numbers, index);
        Py_ssize_t number = PyLong_Check(key) ? PyLong_AsSsize_t(key) : -1;
        PyObject *stored = PyDict_GetItemWithError(kernel.outputs, key);
        PyErr_Clear(); /* a key of the user's own may be no number, and fail to compare */
        int failed = number >= 0 && stored != NULL && drop_numbered("_%zd", number, stored) < 0;
        if (failed || PyDict_Pop(kernel.outputs, key, NULL) < 0) {
            Py_DECREF(numbers);
            return -1;
        }
    }
    Py_DECREF(numbers);
    return 0;
}

/* _, __, ___, _N and Out[N]. As IPython: a variable `_` of the user's own is left alone. */
static int store_output(PyObject *value)
{
    if (value == kernel.outputs) {
        return 0; /* `Out` itself must not become an item of Out */
    }
    int own = 1;
    for (int back = 0; back < 3; back++) {
        PyObject *present = PyDict_GetItemWithError(kernel.globals, kernel_names[NAME_LAST_VALUE + back]);
        own &= present == NULL || kernel.last_values[back] == NULL || present == kernel.last_values[back];
    }
    Py_XSETREF(kernel.last_values[2], kernel.last_values[1]);
    kernel.last_values[1] = kernel.last_values[0];
    kernel.last_values[0] = Py_NewRef(value);
    for (int back = 0; own && back < 3; back++) {
        if (kernel.last_values[back] != NULL && set_global(NAME_LAST_VALUE + back, kernel.last_values[back]) < 0) {
            return -1;
        }
    }
    if (PyDict_GET_SIZE(kernel.outputs) >= HISTORY_LIMIT && cull_outputs() < 0) {
        return -1;
    }
    if (set_numbered("_%zd", value) < 0) {
        return -1;
    }
    PyObject *number = PyLong_FromSsize_t(kernel.cell_number);
    int outcome = number == NULL ? -1 : PyDict_SetItem(kernel.outputs, number, value);
    Py_XDECREF(number);
    return outcome;
}

void kernel_forget_results(void)
{
    for (int back = 0; back < 3; back++) {
        Py_CLEAR(kernel.last_values[back]);
    }
}

/* Values whose text is their repr and that have no other form. */
static int is_scalar(PyObject *value)
{
    return PyLong_CheckExact(value) || PyUnicode_CheckExact(value) || PyBool_Check(value) ||
           PyBytes_CheckExact(value) || PyComplex_CheckExact(value) || value == Py_None ||
           (PyFloat_CheckExact(value) && kernel.precision == NULL);
}

/* A scalar, or a short list, tuple or dict of scalars: what the pretty printer would print on one line as repr
 * does. Anything else, types and functions among them, is the Python half's. */
static int is_plain(PyObject *value)
{
    if (is_scalar(value)) {
        return 1;
    }
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
        Py_ssize_t count = PySequence_Fast_GET_SIZE(value);
        if (count > FLAT_ITEMS) {
            return 0;
        }
        for (Py_ssize_t index = 0; index < count; index++) {
            if (!is_scalar(PySequence_Fast_GET_ITEM(value, index))) {
                return 0;
            }
        }
        return 1;
    }
    if (PyDict_CheckExact(value)) {
        Py_ssize_t place = 0;
        PyObject *key, *item;
        if (PyDict_GET_SIZE(value) > FLAT_ITEMS) {
            return 0;
        }
        while (PyDict_Next(value, &place, &key, &item)) {
            if (!is_scalar(key) || !is_scalar(item)) {
                return 0;
            }
        }
        return 1;
    }
    return 0;
}

/* Write `text` as the inside of a JSON string; room for 6 bytes per byte is there. */
static char *write_escaped(char *out, const char *text, Py_ssize_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (Py_ssize_t index = 0; index < length; index++) {
        unsigned char character = (unsigned char)text[index];
        if (character == '"' || character == '\\') {
            *out++ = '\\';
            *out++ = (char)character;
        }
        else if (character < 0x20) {
            memcpy(out, "\\u00", 4);
            out[4] = digits[character >> 4];
            out[5] = digits[character & 15];
            out += 6;
        }
        else {
            *out++ = (char)character;
        }
    }
    return out;
}

/* The result frame of a text; -2 when the Python half must see to it. */
static int emit_plain(const char *text, Py_ssize_t length)
{
    static const char head[] = "{\"data\":{\"text/plain\":\"";
    static const char tail[] = "\"},\"metadata\":{}}";
    char frame[sizeof head + sizeof tail + 6 * 512];
    char *start = frame;
    if (length > 512) {
        start = PyMem_Malloc(sizeof head + sizeof tail + 6 * (size_t)length);
        if (start == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    char *out = start;
    memcpy(out, head, sizeof head - 1);
    out = write_escaped(out + sizeof head - 1, text, length);
    memcpy(out, tail, sizeof tail - 1);
    out += sizeof tail - 1;
    int outcome = kernel_emit(FRAME_RESULT, start, (size_t)(out - start));
    if (start != frame) {
        PyMem_Free(start);
    }
    return outcome;
}

/* Store and show the value of a cell's last expression (not None). -1 with an exception set. */
int kernel_show_result(PyObject *value)
{
    if (store_output(value) < 0) {
        return -1;
    }
    /* long text is not even looked at here: its repr could take four times the memory */
    int is_long = (PyUnicode_CheckExact(value) && PyUnicode_GET_LENGTH(value) > PLAIN_TEXT_LIMIT) ||
                  (PyBytes_CheckExact(value) && PyBytes_GET_SIZE(value) > PLAIN_TEXT_LIMIT);
    if (!is_long && is_plain(value)) {
        PyObject *text = PyObject_Repr(value);
        if (text == NULL) {
            PyErr_Clear(); /* for instance an int of too many digits: the Python half reports it */
        }
        else {
            Py_ssize_t limit = is_scalar(value) ? PLAIN_TEXT_LIMIT : LINE_WIDTH;
            Py_ssize_t length;
            const char *bytes = PyUnicode_GET_LENGTH(text) > limit ? NULL : PyUnicode_AsUTF8AndSize(text, &length);
            if (bytes != NULL) {
                int outcome = emit_plain(bytes, length);
                Py_DECREF(text);
                return outcome;
            }
            PyErr_Clear();
            Py_DECREF(text);
        }
    }
    PyObject *shown = kernel_call_hook(HOOK_SHOW, &value, 1);
    if (shown == NULL) {
        return -1;
    }
    Py_DECREF(shown);
    return 0;
}
