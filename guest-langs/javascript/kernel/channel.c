/* The channel to the host: frames out, calls of host functions. */
#define _GNU_SOURCE
#include "kernel.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No stream frame is longer than this; longer writes are cut into several frames. */
#define STREAM_FRAME_LIMIT (1024 * 1024)

enum { TAKEN = 0, LIMIT_SPENT = 1, INTERRUPTED = 2 };

/* Emit a frame. 0, or -1 with an exception set. */
int kernel_emit(enum frame_kind kind, const char *data, size_t length)
{
    JSContext *context = kernel.context;
    bool stream = kind == FRAME_STDOUT || kind == FRAME_STDERR;
    if (kernel.discarding) {
        /* An error of a warm-up cell is told to the build log. */
        if (kind == FRAME_ERROR) {
            fprintf(stderr, "%.*s\n", (int)length, data);
        }
        return 0;
    }
    if (kernel.program) {
        while (stream && length > 0) {
            ssize_t count = write((int)kind, data, length);
            if (count < 0 && errno != EINTR) {
                JS_ThrowTypeError(context, "write %s", errno == EPIPE ? "EPIPE" : "EIO");
                return -1;
            }
            data += count > 0 ? count : 0;
            length -= count > 0 ? (size_t)count : 0;
        }
        return 0;
    }
    do {
        size_t part = stream && length > STREAM_FRAME_LIMIT ? STREAM_FRAME_LIMIT : length;
        /* A character is not cut in two. */
        while (part < length && part > STREAM_FRAME_LIMIT - 4 && (data[part] & 0xc0) == 0x80) {
            part--;
        }
        int outcome = sandcell_emit(kind, data, (int32_t)part);
        if (outcome == LIMIT_SPENT) {
            JS_ThrowRangeError(context, "the output limit of this execution is spent");
            return -1;
        }
        if (outcome == INTERRUPTED) {
            /* The interrupt word is set: the interpreter will see it. */
            return 0;
        }
        if (outcome != TAKEN) {
            JS_ThrowTypeError(context, "the host refused a frame of kind %d and %zu bytes", (int)kind, length);
            return -1;
        }
        data += part;
        length -= part;
    } while (length > 0);
    return 0;
}

/* The error frame of last resort: needs no JavaScript and no memory of the engine. */
int kernel_emit_error(const char *name, const char *text)
{
    char frame[512];
    int length = snprintf(frame, sizeof frame, "{\"name\":\"%s\",\"value\":\"%s\",\"traceback\":\"%s: %s\"}", name, text,
                          name, text);
    return kernel_emit(FRAME_ERROR, frame, (size_t)length);
}

/* Half a character (a lone surrogate) is no UTF-8, and no JSON that others read: U+FFFD stands for it, which is as
 * long in both. A copy of the text, or NULL: all its characters are whole. */
static char *whole(const char *text, size_t length, bool json)
{
    const char *first = json ? memmem(text, length, "\\ud", 3) : memchr(text, 0xed, length);
    char *copy = first == NULL ? NULL : malloc(length);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, length);
    for (size_t at = 0; at + 2 < length; at++) {
        if (json && copy[at] == '\\') {
            if (length - at >= 6 && copy[at + 1] == 'u' && copy[at + 2] == 'd' && copy[at + 3] >= '8') {
                memcpy(copy + at, "\\ufffd", 6);
            }
            at++;
        }
        else if (!json && (unsigned char)copy[at] == 0xed && (unsigned char)copy[at + 1] >= 0xa0) {
            memcpy(copy + at, "\xef\xbf\xbd", 3);
        }
    }
    return copy;
}

/* emit(kind, text | bytes) */
static JSValue channel_emit(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    int32_t kind;
    size_t length;
    int outcome;
    if (JS_ToInt32(context, &kind, arguments[0])) {
        return JS_EXCEPTION;
    }
    if (JS_IsString(arguments[1])) {
        const char *text = JS_ToCStringLen(context, &length, arguments[1]);
        if (text == NULL) {
            return JS_EXCEPTION;
        }
        char *copy = whole(text, length, kind != FRAME_STDOUT && kind != FRAME_STDERR);
        outcome = kernel_emit((enum frame_kind)kind, copy == NULL ? text : copy, length);
        free(copy);
        JS_FreeCString(context, text);
    }
    else {
        uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[1]);
        if (bytes == NULL) {
            return JS_EXCEPTION;
        }
        outcome = kernel_emit((enum frame_kind)kind, (const char *)bytes, length);
    }
    return outcome < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

/* call(order) -> id of the call, or a negative reason */
static JSValue channel_call(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    const char *order = JS_ToCStringLen(context, &length, arguments[0]);
    if (order == NULL) {
        return JS_EXCEPTION;
    }
    char *copy = whole(order, length, true);
    int64_t id = length > INT32_MAX ? -2 : sandcell_call(copy == NULL ? order : copy, (int32_t)length);
    free(copy);
    JS_FreeCString(context, order);
    return JS_NewInt64(context, id);
}

/* work(number): how many timers and calls are under way; with none, no turn of the loop is taken */
static JSValue channel_work(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_ToInt32(context, &kernel.work, arguments[0]) ? JS_EXCEPTION : JS_UNDEFINED;
}

/* cellNumber() */
static JSValue channel_cell_number(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewInt32(context, kernel.cell_number);
}

const JSCFunctionListEntry kernel_channel_functions[] = {
    JS_CFUNC_DEF("emit", 2, channel_emit),
    JS_CFUNC_DEF("call", 1, channel_call),
    JS_CFUNC_DEF("work", 1, channel_work),
    JS_CFUNC_DEF("cellNumber", 0, channel_cell_number),
};
const int kernel_channel_count = sizeof kernel_channel_functions / sizeof *kernel_channel_functions;
