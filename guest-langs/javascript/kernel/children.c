/* Processes that this one starts, and waiting for pipes: the host's calls, for the JavaScript half. Failures are
 * answered as negative numbers of preview 1. */
#include "kernel.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

HOST_IMPORT(spawn) int32_t sandcell_spawn(const void *address, int32_t length);
HOST_IMPORT(wait_child) int32_t sandcell_wait_child(int32_t pid, int64_t timeout_nanoseconds, uint32_t *status);
HOST_IMPORT(kill) int32_t sandcell_kill(int32_t pid, int32_t signal);
HOST_IMPORT(process) int32_t sandcell_process(uint32_t *numbers);
HOST_IMPORT(pipe) int32_t sandcell_pipe(uint32_t *ends);
HOST_IMPORT(set_mode) int32_t sandcell_set_mode(const char *path, int32_t length, int32_t mode);

/* Most pipes that are waited for at once. */
#define WATCHED 1024

static JSValue numbers(JSContext *context, const uint32_t *values, uint32_t count)
{
    JSValue list = JS_NewArray(context);
    for (uint32_t index = 0; index < count && !JS_IsException(list); index++) {
        JS_SetPropertyUint32(context, list, index, JS_NewUint32(context, values[index]));
    }
    return list;
}

/* spawn(errand: Uint8Array) -> pid */
static JSValue child_spawn(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    uint8_t *errand = JS_GetUint8Array(context, &length, arguments[0]);
    if (errand == NULL) {
        return JS_EXCEPTION;
    }
    return JS_NewInt32(context, length > INT32_MAX ? -E2BIG : sandcell_spawn(errand, (int32_t)length));
}

/* waitChild(pid, milliseconds) -> status as of waitpid; -1 when the time was over; below that a failure */
static JSValue child_wait(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    int32_t pid;
    double milliseconds;
    uint32_t status = 0;
    if (JS_ToInt32(context, &pid, arguments[0]) || JS_ToFloat64(context, &milliseconds, arguments[1])) {
        return JS_EXCEPTION;
    }
    int64_t nanoseconds = milliseconds < 0 || milliseconds > 9e12 ? -1 : (int64_t)(milliseconds * 1e6);
    int32_t answer = sandcell_wait_child(pid, nanoseconds, &status);
    if (answer == -EINTR || answer == 0) {
        return JS_NewInt32(context, -1);
    }
    return answer < 0 ? JS_NewInt32(context, answer - 1) : JS_NewUint32(context, status);
}

/* kill(pid, signal) -> 0 */
static JSValue child_kill(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    int32_t pid, signal;
    if (JS_ToInt32(context, &pid, arguments[0]) || JS_ToInt32(context, &signal, arguments[1])) {
        return JS_EXCEPTION;
    }
    return JS_NewInt32(context, sandcell_kill(pid, signal));
}

/* process() -> [pid, parent, group] */
static JSValue child_process(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    uint32_t values[3] = {1, 0, 1};
    sandcell_process(values);
    return numbers(context, values, 3);
}

/* pipe() -> [reading end, writing end] */
static JSValue child_pipe(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    uint32_t ends[2] = {0};
    int32_t answer = sandcell_pipe(ends);
    return answer < 0 ? JS_NewInt32(context, answer) : numbers(context, ends, 2);
}

/* setMode(absolute path, permission bits) -> 0 */
static JSValue child_set_mode(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    int32_t mode;
    size_t length;
    const char *path = JS_ToInt32(context, &mode, arguments[1]) ? NULL : JS_ToCStringLen(context, &length, arguments[0]);
    if (path == NULL) {
        return JS_EXCEPTION;
    }
    int32_t answer = length > INT32_MAX ? -ENAMETOOLONG : sandcell_set_mode(path, (int32_t)length, mode);
    JS_FreeCString(context, path);
    return JS_NewInt32(context, answer);
}

/* ready(readers, writers, milliseconds) -> those of them that need not wait; negative milliseconds: for ever */
static JSValue child_ready(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    struct pollfd watched[WATCHED];
    int watching = 0;
    for (int list = 0; list < 2; list++) {
        int64_t length = 0;
        if (JS_GetLength(context, arguments[list], &length)) {
            return JS_EXCEPTION;
        }
        for (int64_t index = 0; index < length && watching < WATCHED; index++) {
            JSValue number = JS_GetPropertyInt64(context, arguments[list], index);
            int32_t descriptor = -1;
            JS_ToInt32(context, &descriptor, number);
            JS_FreeValue(context, number);
            watched[watching++] = (struct pollfd){.fd = descriptor, .events = list == 0 ? POLLIN : POLLOUT};
        }
    }
    double milliseconds;
    if (JS_ToFloat64(context, &milliseconds, arguments[2])) {
        return JS_EXCEPTION;
    }
    int timeout = milliseconds < 0 ? -1 : milliseconds > 1e9 ? 1000000000 : (int)(milliseconds + 0.999);
    int found = poll(watched, (nfds_t)watching, timeout);
    JSValue answer = JS_NewArray(context);
    uint32_t place = 0;
    for (int index = 0; found > 0 && index < watching; index++) {
        if (watched[index].revents != 0) {
            JS_SetPropertyUint32(context, answer, place++, JS_NewInt32(context, watched[index].fd));
        }
    }
    return answer;
}

/* exit(status): ends a program */
static JSValue child_exit(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    int32_t status;
    if (JS_ToInt32(context, &status, arguments[0])) {
        return JS_EXCEPTION;
    }
    _exit(status & 0xff);
}

const JSCFunctionListEntry kernel_child_functions[] = {
    JS_CFUNC_DEF("spawn", 1, child_spawn),
    JS_CFUNC_DEF("waitChild", 2, child_wait),
    JS_CFUNC_DEF("kill", 2, child_kill),
    JS_CFUNC_DEF("process", 0, child_process),
    JS_CFUNC_DEF("pipe", 0, child_pipe),
    JS_CFUNC_DEF("setMode", 2, child_set_mode),
    JS_CFUNC_DEF("ready", 3, child_ready),
    JS_CFUNC_DEF("exit", 1, child_exit),
};
const int kernel_child_count = sizeof kernel_child_functions / sizeof *kernel_child_functions;
