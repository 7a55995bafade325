/* What the JavaScript half cannot do by itself: clocks, randomness, text, a look into promises and proxies. */
#include "kernel.h"
#include <time.h>
#include <unistd.h>

static double milliseconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* now(): milliseconds of the monotonic clock */
static JSValue value_now(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewFloat64(context, milliseconds(CLOCK_MONOTONIC));
}

/* nowNs(): the same as a BigInt of nanoseconds */
static JSValue value_now_ns(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return JS_NewBigUint64(context, (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec);
}

/* wallClock(): milliseconds since 1970, with their fractions */
static JSValue value_wall_clock(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewFloat64(context, milliseconds(CLOCK_REALTIME));
}

/* random(bytes): fill an Uint8Array from the host's source of randomness */
static JSValue value_random(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
    if (bytes == NULL) {
        return JS_EXCEPTION;
    }
    for (size_t done = 0; done < length; done += 256) {
        size_t part = length - done < 256 ? length - done : 256;
        if (getentropy(bytes + done, part) != 0) {
            return JS_ThrowInternalError(context, "no random bytes");
        }
    }
    return JS_UNDEFINED;
}

/* evaluate(source, name, strict): a script, run at once; its completion value */
static JSValue value_evaluate(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    const char *source = JS_ToCStringLen(context, &length, arguments[0]);
    const char *name = source == NULL ? NULL : JS_ToCString(context, arguments[1]);
    JSValue value = JS_EXCEPTION;
    if (name != NULL) {
        value = JS_Eval(context, source, length, name, JS_EVAL_TYPE_GLOBAL);
    }
    JS_FreeCString(context, name);
    JS_FreeCString(context, source);
    return value;
}

/* check(source, name): throw the syntax error of a script */
static JSValue value_check(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    const char *source = JS_ToCStringLen(context, &length, arguments[0]);
    const char *name = source == NULL ? NULL : JS_ToCString(context, arguments[1]);
    JSValue compiled = JS_EXCEPTION;
    if (name != NULL) {
        compiled = JS_Eval(context, source, length, name, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    }
    JS_FreeCString(context, name);
    JS_FreeCString(context, source);
    JS_FreeValue(context, compiled);
    return JS_IsException(compiled) ? JS_EXCEPTION : JS_UNDEFINED;
}

/* importNow(name): the namespace of a module that awaits nothing */
static JSValue value_import_now(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    const char *name = JS_ToCString(context, arguments[0]);
    if (name == NULL) {
        return JS_EXCEPTION;
    }
    JSValue promise = JS_LoadModule(context, name, name, JS_UNDEFINED);
    JS_FreeCString(context, name);
    if (JS_IsException(promise)) {
        return promise;
    }
    JS_PromiseMarkAsHandled(context, promise);
    JSContext *other;
    while (JS_PromiseState(context, promise) == JS_PROMISE_PENDING) {
        int outcome = JS_ExecutePendingJob(kernel.runtime, &other);
        if (outcome == 0) {
            JS_FreeValue(context, promise);
            return JS_ThrowTypeError(context, "require() cannot be used on a module with top-level await");
        }
        if (outcome < 0) {
            JS_FreeValue(context, promise);
            return JS_EXCEPTION;
        }
    }
    bool rejected = JS_PromiseState(context, promise) == JS_PROMISE_REJECTED;
    JSValue value = JS_PromiseResult(context, promise);
    JS_FreeValue(context, promise);
    return rejected ? JS_Throw(context, value) : value;
}

/* decode(bytes): a string out of UTF-8; what is no UTF-8 becomes U+FFFD */
static JSValue value_decode(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
    return bytes == NULL ? JS_EXCEPTION : JS_NewStringLen(context, (const char *)bytes, length);
}

/* encode(text): an Uint8Array of UTF-8 */
static JSValue value_encode(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, arguments[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    JSValue value = JS_NewUint8ArrayCopy(context, (const uint8_t *)text, length);
    JS_FreeCString(context, text);
    return value;
}

/* promise(value) -> [state, result]; undefined for what is no promise */
static JSValue value_promise(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    if (!JS_IsPromise(arguments[0])) {
        return JS_UNDEFINED;
    }
    JSPromiseStateEnum state = JS_PromiseState(context, arguments[0]);
    JSValue pair = JS_NewArray(context);
    JS_SetPropertyUint32(context, pair, 0, JS_NewInt32(context, state));
    JS_SetPropertyUint32(context, pair, 1,
                         state == JS_PROMISE_PENDING ? JS_UNDEFINED : JS_PromiseResult(context, arguments[0]));
    return pair;
}

/* proxy(value) -> [target, handler]; undefined for what is no proxy */
static JSValue value_proxy(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    if (!JS_IsProxy(arguments[0])) {
        return JS_UNDEFINED;
    }
    JSValue pair = JS_NewArray(context);
    JS_SetPropertyUint32(context, pair, 0, JS_GetProxyTarget(context, arguments[0]));
    JS_SetPropertyUint32(context, pair, 1, JS_GetProxyHandler(context, arguments[0]));
    return pair;
}

/* isError(value): of the engine's class, whatever its prototype says */
static JSValue value_is_error(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewBool(context, JS_IsError(arguments[0]));
}

/* classOf(value): the number of the engine's class of an object, whatever its prototype says; 0 for no object */
static JSValue value_class_of(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewInt32(context, JS_IsObject(arguments[0]) ? (int32_t)JS_GetClassID(arguments[0]) : 0);
}

/* namedKeys(object, enumerable): names of own properties that are no indices */
static JSValue value_named_keys(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return sandcell_named_keys(context, arguments[0], JS_ToBool(context, arguments[1]));
}

/* indexKeys(array, limit): names of its first elements that are there */
static JSValue value_index_keys(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    double limit;
    if (JS_ToFloat64(context, &limit, arguments[1])) {
        return JS_EXCEPTION;
    }
    return sandcell_index_keys(context, arguments[0], limit > 0 ? (uint32_t)limit : 0);
}

/* collect(): run the garbage collector */
static JSValue value_collect(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    JS_RunGC(kernel.runtime);
    return JS_UNDEFINED;
}

/* heapBytes(): of the engine's own allocations */
static JSValue value_heap_bytes(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    JSMemoryUsage usage;
    JS_ComputeMemoryUsage(kernel.runtime, &usage);
    return JS_NewInt64(context, usage.malloc_size);
}

/* memoryBytes(): of the whole linear memory */
static JSValue value_memory_bytes(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
    return JS_NewInt64(context, (int64_t)__builtin_wasm_memory_size(0) * 65536);
}

const JSCFunctionListEntry kernel_value_functions[] = {
    JS_CFUNC_DEF("now", 0, value_now),
    JS_CFUNC_DEF("nowNs", 0, value_now_ns),
    JS_CFUNC_DEF("wallClock", 0, value_wall_clock),
    JS_CFUNC_DEF("random", 1, value_random),
    JS_CFUNC_DEF("evaluate", 2, value_evaluate),
    JS_CFUNC_DEF("check", 2, value_check),
    JS_CFUNC_DEF("importNow", 1, value_import_now),
    JS_CFUNC_DEF("decode", 1, value_decode),
    JS_CFUNC_DEF("encode", 1, value_encode),
    JS_CFUNC_DEF("promise", 1, value_promise),
    JS_CFUNC_DEF("proxy", 1, value_proxy),
    JS_CFUNC_DEF("isError", 1, value_is_error),
    JS_CFUNC_DEF("classOf", 1, value_class_of),
    JS_CFUNC_DEF("namedKeys", 2, value_named_keys),
    JS_CFUNC_DEF("indexKeys", 2, value_index_keys),
    JS_CFUNC_DEF("collect", 0, value_collect),
    JS_CFUNC_DEF("heapBytes", 0, value_heap_bytes),
    JS_CFUNC_DEF("memoryBytes", 0, value_memory_bytes),
};
const int kernel_value_count = sizeof kernel_value_functions / sizeof *kernel_value_functions;
