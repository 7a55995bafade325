/* Processes that this one starts: the host's calls, for the Python half. Errors are OSErrors: the numbers of
 * preview 1 are those of the C library. */
#include "kernel.h"
#include <errno.h>

HOST_IMPORT(spawn) int32_t sandcell_spawn(const void *address, int32_t length);
HOST_IMPORT(wait_child) int32_t sandcell_wait_child(int32_t pid, int64_t timeout_nanoseconds, uint32_t *status);
HOST_IMPORT(kill) int32_t sandcell_kill(int32_t pid, int32_t signal);
HOST_IMPORT(process) int32_t sandcell_process(uint32_t *numbers);
HOST_IMPORT(pipe) int32_t sandcell_pipe(uint32_t *ends);
HOST_IMPORT(duplicate) int32_t sandcell_duplicate(int32_t descriptor, int32_t target);
HOST_IMPORT(mode) int32_t sandcell_mode(const char *path, int32_t length, int32_t follow);
HOST_IMPORT(set_mode) int32_t sandcell_set_mode(const char *path, int32_t length, int32_t mode);

static PyObject *failed(int32_t answer)
{
    errno = -answer;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *number_or_error(int32_t answer)
{
    return answer < 0 ? failed(answer) : PyLong_FromLong(answer);
}

/* spawn(errand: bytes) -> pid */
PyObject *kernel_spawn(PyObject *module, PyObject *errand)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(errand, &bytes, &length) < 0) {
        return NULL;
    }
    if (length > INT32_MAX) {
        return failed(-E2BIG);
    }
    return number_or_error(sandcell_spawn(bytes, (int32_t)length));
}

/* wait_child(pid, timeout in nanoseconds) -> (pid, status), or None when the time was over. Negative: for ever. */
PyObject *kernel_wait_child(PyObject *module, PyObject *arguments)
{
    int pid;
    long long timeout;
    if (!PyArg_ParseTuple(arguments, "iL:wait_child", &pid, &timeout)) {
        return NULL;
    }
    for (;;) {
        uint32_t status = 0;
        int32_t answer = sandcell_wait_child(pid, timeout, &status);
        if (answer == -EINTR) {
            /* A handler of the user's may choose not to raise: then wait on. */
            if (PyErr_CheckSignals() < 0) {
                return NULL;
            }
            continue;
        }
        if (answer < 0) {
            return failed(answer);
        }
        if (answer == 0) {
            Py_RETURN_NONE;
        }
        return Py_BuildValue("(iI)", (int)answer, (unsigned)status);
    }
}

/* kill(pid, signal) */
PyObject *kernel_kill(PyObject *module, PyObject *arguments)
{
    int pid, signal;
    if (!PyArg_ParseTuple(arguments, "ii:kill", &pid, &signal)) {
        return NULL;
    }
    int32_t answer = sandcell_kill(pid, signal);
    if (answer < 0) {
        return failed(answer);
    }
    Py_RETURN_NONE;
}

/* process() -> (pid, parent, group) */
PyObject *kernel_process(PyObject *module, PyObject *nothing)
{
    uint32_t numbers[3] = {0};
    int32_t answer = sandcell_process(numbers);
    if (answer < 0) {
        return failed(answer);
    }
    return Py_BuildValue("(III)", (unsigned)numbers[0], (unsigned)numbers[1], (unsigned)numbers[2]);
}

/* pipe() -> (reading end, writing end) */
PyObject *kernel_pipe(PyObject *module, PyObject *nothing)
{
    uint32_t ends[2] = {0};
    int32_t answer = sandcell_pipe(ends);
    if (answer < 0) {
        return failed(answer);
    }
    return Py_BuildValue("(II)", (unsigned)ends[0], (unsigned)ends[1]);
}

/* duplicate(descriptor, target or -1) -> descriptor */
PyObject *kernel_duplicate(PyObject *module, PyObject *arguments)
{
    int descriptor, target;
    if (!PyArg_ParseTuple(arguments, "ii:duplicate", &descriptor, &target)) {
        return NULL;
    }
    return number_or_error(sandcell_duplicate(descriptor, target));
}

/* mode(absolute path: bytes, follow) -> permission bits */
PyObject *kernel_mode(PyObject *module, PyObject *arguments)
{
    const char *path;
    Py_ssize_t length;
    int follow;
    if (!PyArg_ParseTuple(arguments, "y#p:mode", &path, &length, &follow)) {
        return NULL;
    }
    if (length > INT32_MAX) {
        return failed(-ENAMETOOLONG);
    }
    return number_or_error(sandcell_mode(path, (int32_t)length, follow));
}

/* set_mode(absolute path: bytes, permission bits) */
PyObject *kernel_set_mode(PyObject *module, PyObject *arguments)
{
    const char *path;
    Py_ssize_t length;
    int mode;
    if (!PyArg_ParseTuple(arguments, "y#i:set_mode", &path, &length, &mode)) {
        return NULL;
    }
    if (length > INT32_MAX) {
        return failed(-ENAMETOOLONG);
    }
    int32_t answer = sandcell_set_mode(path, (int32_t)length, mode);
    if (answer < 0) {
        return failed(answer);
    }
    Py_RETURN_NONE;
}
