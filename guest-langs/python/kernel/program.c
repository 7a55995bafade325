/* Running as a program: the export `sandcell_program`. What a C program's `main` would get comes from the host now,
 * not from when the image was built. */
#include "kernel.h"
#include <wasi/api.h>

/* The texts of one of preview 1's two tables, as a list of bytes. */
static PyObject *texts(__wasi_errno_t (*sizes)(__wasi_size_t *, __wasi_size_t *),
                       __wasi_errno_t (*get)(uint8_t **, uint8_t *))
{
    __wasi_size_t count, length;
    if (sizes(&count, &length) != 0) {
        PyErr_SetString(PyExc_SystemError, "the host has no arguments");
        return NULL;
    }
    uint8_t **table = PyMem_RawMalloc((count + 1) * sizeof *table);
    uint8_t *bytes = PyMem_RawMalloc(length + 1);
    PyObject *list = NULL;
    if (table == NULL || bytes == NULL) {
        PyErr_NoMemory();
    }
    else if (get(table, bytes) != 0) {
        PyErr_SetString(PyExc_SystemError, "the host gave no arguments");
    }
    else {
        list = PyList_New((Py_ssize_t)count);
    }
    for (__wasi_size_t index = 0; list != NULL && index < count; index++) {
        PyObject *text = PyBytes_FromString((const char *)table[index]);
        if (text == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)index, text);
    }
    PyMem_RawFree(table);
    PyMem_RawFree(bytes);
    return list;
}

GUEST_EXPORT(sandcell_program) int32_t sandcell_program(void)
{
    PyObject *arguments[2] = {texts(__wasi_args_sizes_get, __wasi_args_get), NULL};
    PyObject *answer = NULL;
    if (arguments[0] != NULL) {
        arguments[1] = texts(__wasi_environ_sizes_get, __wasi_environ_get);
    }
    if (arguments[1] != NULL) {
        answer = kernel_call_hook(HOOK_PROGRAM, arguments, 2);
    }
    long status = answer == NULL ? -1 : PyLong_AsLong(answer);
    if (PyErr_Occurred()) {
        PyErr_Print();
        status = 1;
    }
    Py_XDECREF(answer);
    Py_XDECREF(arguments[0]);
    Py_XDECREF(arguments[1]);
    return (int32_t)status;
}
