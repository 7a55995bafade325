/* `print` of the kernel: what one call prints is one frame. Everything but the plain case (a stream of the
 * kernel, well-typed arguments) is left to the interpreter's own print. */
#include "kernel.h"
#include <internal/pycore_object.h>
#include <internal/pycore_sysmodule.h>

/* The kind of the stream if `file` is one of the kernel's own, open and not patched; 0 if not. */
static int own_stream(PyObject *file)
{
    int index;
    if (file == kernel.streams[0]) {
        index = 0;
    }
    else if (file == kernel.streams[1]) {
        index = 1;
    }
    else {
        return 0;
    }
    if (kernel.stream_closed[index]) {
        return 0;
    }
    PyObject *method = NULL;
    _PyObject_GetMethod(file, kernel_names[NAME_WRITE], &method);
    if (method == NULL) {
        PyErr_Clear();
        return 0;
    }
    int own = method == kernel.stream_write;
    Py_DECREF(method);
    return own ? index + 1 : 0;
}

/* Write str(argument) into the text; -1 on error. */
static int write_argument(_PyUnicodeWriter *writer, PyObject *argument)
{
    if (PyUnicode_CheckExact(argument)) {
        return _PyUnicodeWriter_WriteStr(writer, argument);
    }
    PyObject *text = PyObject_Str(argument);
    if (text == NULL) {
        return -1;
    }
    int outcome = _PyUnicodeWriter_WriteStr(writer, text);
    Py_DECREF(text);
    return outcome;
}

/* Emit what is in the writer; an exception that is set already is kept. */
static int emit_writer(enum frame_kind kind, _PyUnicodeWriter *writer)
{
    PyObject *pending = PyErr_GetRaisedException();
    PyObject *text = _PyUnicodeWriter_Finish(writer);
    int outcome = text == NULL ? -1 : kernel_emit_text(kind, text);
    Py_XDECREF(text);
    if (pending != NULL) {
        PyErr_Clear();
        PyErr_SetRaisedException(pending);
        return -1;
    }
    return outcome;
}

static PyObject *
kernel_print(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    PyObject *separator = NULL, *end = NULL, *file = NULL;
    Py_ssize_t keyword_count = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t index = 0; index < keyword_count; index++) {
        PyObject *name = PyTuple_GET_ITEM(keywords, index);
        PyObject *value = arguments[count + index];
        if (value == Py_None) {
            value = NULL;
        }
        if (PyUnicode_EqualToUTF8(name, "sep")) {
            separator = value;
        }
        else if (PyUnicode_EqualToUTF8(name, "end")) {
            end = value;
        }
        else if (PyUnicode_EqualToUTF8(name, "file")) {
            file = value;
        }
        else if (!PyUnicode_EqualToUTF8(name, "flush")) {
            goto plain;
        }
    }
    if (file == NULL) {
        file = _PySys_GetAttr(PyThreadState_Get(), kernel_names[NAME_STDOUT]);
        if (file == NULL) {
            goto plain;
        }
    }
    if ((separator != NULL && !PyUnicode_Check(separator)) || (end != NULL && !PyUnicode_Check(end))) {
        goto plain;
    }
    int kind = own_stream(file);
    if (kind == 0) {
        goto plain;
    }

    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    for (Py_ssize_t index = 0; index < count; index++) {
        int outcome = 0;
        if (index > 0) {
            outcome = separator == NULL ? _PyUnicodeWriter_WriteChar(&writer, ' ')
                                        : _PyUnicodeWriter_WriteStr(&writer, separator);
        }
        if (outcome == 0) {
            outcome = write_argument(&writer, arguments[index]);
        }
        if (outcome < 0) {
            /* the arguments before the one that failed are printed, as print does it */
            emit_writer((enum frame_kind)kind, &writer);
            return NULL;
        }
    }
    if ((end == NULL ? _PyUnicodeWriter_WriteChar(&writer, '\n') : _PyUnicodeWriter_WriteStr(&writer, end)) < 0) {
        _PyUnicodeWriter_Dealloc(&writer);
        return NULL;
    }
    if (emit_writer((enum frame_kind)kind, &writer) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;

plain:
    return PyObject_Vectorcall(kernel.plain_print, arguments, (size_t)count, keywords);
}

PyDoc_STRVAR(print_doc,
"print($module, /, *args, sep=\' \', end=\'\\n\', file=None, flush=False)\n--\n\n"
"Prints the values to a stream, or to sys.stdout by default.\n\n"
"  sep\n    string inserted between values, default a space.\n"
"  end\n    string appended after the last value, default a newline.\n"
"  file\n    a file-like object (stream); defaults to the current sys.stdout.\n"
"  flush\n    whether to forcibly flush the stream.");

PyMethodDef kernel_print_method = {
    "print", _PyCFunction_CAST(kernel_print), METH_FASTCALL | METH_KEYWORDS, print_doc,
};
