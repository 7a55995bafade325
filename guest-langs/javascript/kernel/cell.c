/* Running a cell: the export `sandcell_execute`.
 *
 * A cell is a global script in which `await` may be used: the engine runs it as an async function, whose promise
 * answers its completion value. The event loop turns until that promise is settled and nothing is under way that
 * could still do something: timers, calls of host functions. Waiting is done by the host.
 */
#include "kernel.h"
#include <math.h>
#include <stdio.h>

/* ---- promises that were rejected while nobody listened */

#define REJECTIONS 64

static struct {
    JSValue promise, reason;
} rejections[REJECTIONS];
static int rejection_count;

void kernel_on_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, bool handled, void *unused)
{
    for (int index = 0; index < rejection_count; index++) {
        if (JS_VALUE_GET_PTR(rejections[index].promise) == JS_VALUE_GET_PTR(promise)) {
            if (handled) {
                JS_FreeValue(context, rejections[index].promise);
                JS_FreeValue(context, rejections[index].reason);
                rejections[index] = rejections[--rejection_count];
            }
            return;
        }
    }
    /* The first ends the cell: of a storm it is enough to remember some. */
    if (!handled && rejection_count < REJECTIONS) {
        rejections[rejection_count].promise = JS_DupValue(context, promise);
        rejections[rejection_count].reason = JS_DupValue(context, reason);
        rejection_count++;
    }
}

static void forget_rejections(void)
{
    while (rejection_count > 0) {
        rejection_count--;
        JS_FreeValue(kernel.context, rejections[rejection_count].promise);
        JS_FreeValue(kernel.context, rejections[rejection_count].reason);
    }
}

/* The reason of the first rejection that is not that of `except`; JS_UNINITIALIZED when there is none. */
static JSValue take_rejection(JSValueConst except)
{
    for (int index = 0; index < rejection_count; index++) {
        if (!JS_IsObject(except) || JS_VALUE_GET_PTR(rejections[index].promise) != JS_VALUE_GET_PTR(except)) {
            return JS_DupValue(kernel.context, rejections[index].reason);
        }
    }
    return JS_UNINITIALIZED;
}

/* ---- source text */

/* Whether the bytes are UTF-8 without NUL, which is all that a source may be. */
static bool is_text(const uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint8_t first = bytes[at];
        int more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
        if (first == 0 || more < 0 || (size_t)more > length - at - 1) {
            return false;
        }
        uint32_t point = more == 0 ? first : first & (0x3f >> more);
        for (int index = 1; index <= more; index++) {
            if ((bytes[at + index] & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | (bytes[at + index] & 0x3f);
        }
        if ((more == 2 && point < 0x800) || (more == 3 && (point < 0x10000 || point > 0x10ffff)) ||
            (point >= 0xd800 && point < 0xe000)) {
            return false;
        }
        at += (size_t)more + 1;
    }
    return true;
}

static bool has_word(const char *text, size_t length, const char *word)
{
    return memmem(text, length, word, strlen(word)) != NULL;
}

/* What a cell is and how it is named. */
struct cell {
    char *name;
    enum source_kind kind;
    bool silent;
    /* The text, when it could not be compiled: a syntax error shows its line. */
    const char *source;
    size_t length;
};

static JSValue compile_script(const char *source, size_t length, const struct cell *cell)
{
    int flags = JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_ASYNC | JS_EVAL_FLAG_COMPILE_ONLY;
    if (cell->kind == SOURCE_STRICT || cell->kind == SOURCE_TYPESCRIPT) {
        flags |= JS_EVAL_FLAG_STRICT;
    }
    return JS_Eval(kernel.context, source, length, cell->name, flags);
}

/* Compile after types, imports and exports have been rewritten. */
static JSValue compile_rewritten(const char *source, size_t length, const struct cell *cell, bool typescript)
{
    JSContext *context = kernel.context;
    JSValue arguments[3] = {
        JS_NewStringLen(context, source, length),
        JS_NewString(context, cell->name),
        JS_NewBool(context, typescript),
    };
    JSValue rewritten = kernel_call_hook(HOOK_REWRITE, 3, arguments);
    size_t new_length;
    const char *text = JS_IsException(rewritten) ? NULL : JS_ToCStringLen(context, &new_length, rewritten);
    JSValue compiled = text == NULL ? JS_EXCEPTION : compile_script(text, new_length, cell);
    JS_FreeCString(context, text);
    JS_FreeValue(context, rewritten);
    return compiled;
}

static bool is_syntax_error(JSValueConst error)
{
    JSContext *context = kernel.context;
    JSValue name = JS_GetPropertyStr(context, error, "name");
    const char *text = JS_IsString(name) ? JS_ToCString(context, name) : NULL;
    bool is = text != NULL && strcmp(text, "SyntaxError") == 0;
    JS_FreeCString(context, text);
    JS_FreeValue(context, name);
    return JS_IsError(error) && is;
}

static JSValue compile(const char *source, size_t length, const struct cell *cell)
{
    JSContext *context = kernel.context;
    if (!is_text((const uint8_t *)source, length)) {
        return JS_ThrowSyntaxError(context, "the source is not UTF-8 text, or has a NUL in it");
    }
    if (cell->kind == SOURCE_TYPESCRIPT) {
        return compile_rewritten(source, length, cell, true);
    }
    JSValue compiled = has_word(source, length, "import") || has_word(source, length, "export")
        ? compile_rewritten(source, length, cell, false)
        : compile_script(source, length, cell);
    if (!JS_IsException(compiled) || cell->kind != SOURCE_CELL || kernel_interrupted()) {
        return compiled;
    }
    JSValue error = JS_GetException(context);
    if (!is_syntax_error(error)) {
        return JS_Throw(context, error);
    }
    /* What is no JavaScript may be TypeScript. If it is not, the first error tells more, unless it is TypeScript that
     * is refused. */
    compiled = compile_rewritten(source, length, cell, true);
    if (JS_IsException(compiled)) {
        JSValue other = JS_GetException(context);
        JSValue refused = JS_GetPropertyStr(context, other, "refused");
        bool is_refused = JS_IsError(other) && JS_ToBool(context, refused) > 0;
        JS_FreeValue(context, refused);
        JS_FreeValue(context, is_refused ? error : other);
        return JS_Throw(context, is_refused ? other : error);
    }
    JS_FreeValue(context, error);
    return compiled;
}

/* ---- how a cell ends */

/* Emit the error frame for the exception that is set, and forget what the cell left under way. */
static int end_with_error(const struct cell *cell)
{
    JSContext *context = kernel.context;
    JSValue error = JS_GetException(context);
    int status = CELL_RAISED;

    kernel_release_reserve();
    if (JS_IsNull(error) && kernel.out_of_memory) {
        /* There was no memory for the error either; now there is. */
        JS_ThrowOutOfMemory(context);
        error = JS_GetException(context);
    }
    if (kernel_interrupted()) {
        kernel_clear_interrupt();
        kernel_emit_error("InterruptedError", "the execution was interrupted");
        status = CELL_INTERRUPTED;
    }
    else {
        JSValue arguments[3] = {
            JS_DupValue(context, error),
            JS_NewString(context, cell->name),
            cell->source == NULL ? JS_UNDEFINED : JS_NewStringLen(context, cell->source, cell->length),
        };
        JSValue reported = kernel_call_hook(HOOK_REPORT, 3, arguments);
        if (JS_IsException(reported)) {
            JS_FreeValue(context, JS_GetException(context));
            if (kernel_interrupted()) {
                kernel_clear_interrupt();
                kernel_emit_error("InterruptedError", "the execution was interrupted");
                status = CELL_INTERRUPTED;
            }
            else if (kernel_emit_error("InternalError", "out of memory, or an error that cannot be shown") < 0) {
                JS_FreeValue(context, JS_GetException(context));
            }
        }
        else if (JS_ToBool(context, reported)) {
            status = CELL_FINISHED;
        }
        JS_FreeValue(context, reported);
    }
    JS_FreeValue(context, error);
    sandcell_drop_jobs(kernel.runtime);
    forget_rejections();
    JSValue abandoned = kernel_call_hook(HOOK_ABANDON, 0, NULL);
    if (JS_IsException(abandoned)) {
        JS_FreeValue(context, JS_GetException(context));
    }
    JS_FreeValue(context, abandoned);
    return status;
}

/* Emit the result frame. 0, or -1 with an exception set. */
static int show(JSValueConst value, const struct cell *cell)
{
    JSContext *context = kernel.context;
    if (JS_IsUndefined(value) || cell->silent) {
        return 0;
    }
    char frame[96];
    int length = 0;
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT && !kernel.program) {
        length = snprintf(frame, sizeof frame, "{\"data\":{\"text/plain\":\"%d\"},\"metadata\":{}}",
                          JS_VALUE_GET_INT(value));
    }
    if (length > 0) {
        return kernel_emit(FRAME_RESULT, frame, (size_t)length);
    }
    JSValue argument = JS_DupValue(context, value);
    JSValue shown = kernel_call_hook(HOOK_SHOW, 1, &argument);
    JS_FreeValue(context, shown);
    return JS_IsException(shown) ? -1 : 0;
}

/* Do all jobs that are due: reactions of promises. 0, or -1 with an exception set that cannot be caught. */
static int do_jobs(void)
{
    JSContext *context;
    int outcome;
    while ((outcome = JS_ExecutePendingJob(kernel.runtime, &context)) > 0) {
        if (kernel_interrupted()) {
            JS_ThrowInternalError(kernel.context, "interrupted");
            return -1;
        }
    }
    return outcome;
}

/* What a turn answers beside milliseconds to wait, and -1 for ever; as in loop.js. */
#define TURN_DONE (-2)
#define TURN_AGAIN (-3)

/* A turn of the loop: run a timer that is due, or wait for one or for a host call. 1 when something may have
 * happened, 0 when nothing is under way, -1 with an exception set. */
static int turn(void)
{
    JSContext *context = kernel.context;
    if (kernel.work == 0) {
        return 0;
    }
    JSValue answer = kernel_call_hook(HOOK_TURN, 0, NULL);
    double milliseconds;
    if (JS_IsException(answer) || JS_ToFloat64(context, &milliseconds, answer)) {
        return -1;
    }
    if (milliseconds == TURN_DONE) {
        return 0;
    }
    if (milliseconds == TURN_AGAIN) {
        return 1;
    }
    int64_t nanoseconds = -1;
    if (milliseconds >= 0) {
        nanoseconds = milliseconds > 9e12 ? INT64_MAX : (int64_t)ceil(milliseconds * 1e6);
    }
    int32_t length = sandcell_wait(nanoseconds);
    if (length == -1) {
        JS_ThrowInternalError(context, "interrupted");
        return -1;
    }
    if (length > 0) {
        char *text = malloc((size_t)length);
        if (text == NULL || sandcell_take(text, length) != 0) {
            free(text);
            JS_ThrowOutOfMemory(context);
            return -1;
        }
        JSValue argument = JS_NewStringLen(context, text, (size_t)length);
        free(text);
        JSValue completed = kernel_call_hook(HOOK_COMPLETE, 1, &argument);
        JS_FreeValue(context, completed);
        return JS_IsException(completed) ? -1 : 1;
    }
    return length == -2 ? 0 : 1;
}

/* The value that a settled cell answers. */
static JSValue completion(JSValueConst promise, bool wrapped)
{
    JSValue result = JS_PromiseResult(kernel.context, promise);
    if (!wrapped) {
        return result;
    }
    JSValue value = JS_GetPropertyStr(kernel.context, result, "value");
    JS_FreeValue(kernel.context, result);
    return value;
}

/* Turn the loop until the cell and what it began have ended. `*promise` is the cell's. */
static int settle(JSValue *promise, const struct cell *cell)
{
    JSContext *context = kernel.context;
    bool wrapped = true, shown = false;
    for (;;) {
        if (do_jobs() < 0) {
            return end_with_error(cell);
        }
        if (!shown) {
            JSPromiseStateEnum state = JS_PromiseState(context, *promise);
            if (state == JS_PROMISE_REJECTED) {
                JS_Throw(context, JS_PromiseResult(context, *promise));
                return end_with_error(cell);
            }
            if (state == JS_PROMISE_FULFILLED) {
                JSValue value = completion(*promise, wrapped);
                if (wrapped && JS_IsPromise(value)) {
                    /* A last value that is a promise is awaited. */
                    JS_FreeValue(context, *promise);
                    *promise = value;
                    wrapped = false;
                    continue;
                }
                shown = true;
                int outcome = show(value, cell);
                JS_FreeValue(context, value);
                if (outcome < 0) {
                    return end_with_error(cell);
                }
                continue;
            }
        }
        if (rejection_count > 0) {
            JSValue reason = take_rejection(*promise);
            if (!JS_IsUninitialized(reason)) {
                JS_Throw(context, reason);
                return end_with_error(cell);
            }
        }
        int outcome = turn();
        if (outcome < 0) {
            return end_with_error(cell);
        }
        if (outcome == 0) {
            if (shown) {
                return CELL_FINISHED;
            }
            JS_ThrowTypeError(context, "the cell awaits a promise that nothing will settle");
            return end_with_error(cell);
        }
    }
}

/* ---- a whole cell */

/* Ask the JavaScript half what the options mean. 0, or -1 with an exception set. */
static int begin(JSValueConst options, struct cell *cell)
{
    JSContext *context = kernel.context;
    JSValue argument = JS_DupValue(context, options);
    JSValue settings = kernel_call_hook(HOOK_BEGIN, 1, &argument);
    if (JS_IsException(settings)) {
        return -1;
    }
    int32_t kind = 0;
    JSValue name = JS_GetPropertyStr(context, settings, "fileName");
    JSValue number = JS_GetPropertyStr(context, settings, "kind");
    JSValue silent = JS_GetPropertyStr(context, settings, "silent");
    if (JS_IsString(name)) {
        const char *text = JS_ToCString(context, name);
        free(cell->name);
        cell->name = text == NULL ? NULL : strdup(text);
        JS_FreeCString(context, text);
    }
    JS_ToInt32(context, &kind, number);
    cell->kind = (enum source_kind)kind;
    cell->silent = JS_ToBool(context, silent) > 0;
    JS_FreeValue(context, silent);
    JS_FreeValue(context, number);
    JS_FreeValue(context, name);
    JS_FreeValue(context, settings);
    if (cell->name == NULL) {
        JS_ThrowOutOfMemory(context);
        return -1;
    }
    return 0;
}

static int run_text(const char *source, size_t length, struct cell *cell)
{
    JSContext *context = kernel.context;
    JSValue code = compile(source, length, cell);
    if (JS_IsException(code)) {
        cell->source = source;
        cell->length = length;
        return end_with_error(cell);
    }
    kernel_hold_reserve();
    JSValue promise = JS_EvalFunction(context, code);
    if (JS_IsException(promise)) {
        return end_with_error(cell);
    }
    int status = settle(&promise, cell);
    JS_FreeValue(context, promise);
    forget_rejections();
    return status;
}

static int run(const char *source, size_t length, JSValueConst options, struct cell *cell)
{
    if (!JS_IsUndefined(options) && begin(options, cell) < 0) {
        return end_with_error(cell);
    }
    return run_text(source, length, cell);
}

/* Run what a program is to run, or end with the exception that is set. */
int kernel_run_plan(JSValueConst plan)
{
    JSContext *context = kernel.context;
    struct cell cell = {.name = strdup("[main]"), .silent = true};
    if (cell.name == NULL) {
        return CELL_KERNEL_FAILED;
    }
    if (JS_IsException(plan)) {
        int failed = end_with_error(&cell);
        free(cell.name);
        return failed;
    }
    JSValue name = JS_GetPropertyStr(context, plan, "fileName");
    JSValue text = JS_GetPropertyStr(context, plan, "source");
    JSValue silent = JS_GetPropertyStr(context, plan, "silent");
    size_t length = 0;
    const char *source = JS_ToCStringLen(context, &length, text);
    const char *file_name = JS_ToCString(context, name);
    cell.silent = JS_ToBool(context, silent) > 0;
    if (file_name != NULL) {
        free(cell.name);
        cell.name = strdup(file_name);
    }
    int status = source == NULL || cell.name == NULL ? end_with_error(&cell) : run_text(source, length, &cell);
    JS_FreeCString(context, file_name);
    JS_FreeCString(context, source);
    JS_FreeValue(context, silent);
    JS_FreeValue(context, text);
    JS_FreeValue(context, name);
    free(cell.name);
    return status;
}

/* Run the text, behind which there must be a NUL. `options`: a string of JSON, or undefined. */
int kernel_run_cell(const char *source, size_t length, JSValueConst options)
{
    char name[32];
    kernel.out_of_memory = false;
    snprintf(name, sizeof name, "<cell %d>", (int)++kernel.cell_number);
    struct cell cell = {.name = strdup(name)};
    if (cell.name == NULL) {
        return CELL_KERNEL_FAILED;
    }
    int status = run(source, length, options, &cell);
    if (!JS_IsUndefined(options)) {
        JSValue ended = kernel_call_hook(HOOK_END, 0, NULL);
        if (JS_IsException(ended)) {
            JS_FreeValue(kernel.context, JS_GetException(kernel.context));
        }
        JS_FreeValue(kernel.context, ended);
    }
    if (cell.silent) {
        kernel.cell_number--;
    }
    free(cell.name);
    return status;
}

GUEST_EXPORT(sandcell_execute) int sandcell_execute(int32_t code_length, int32_t options_length)
{
    JSContext *context = kernel.context;
    JS_UpdateStackTop(kernel.runtime);
    kernel_clear_interrupt();
    JSValue options = JS_UNDEFINED;
    if (options_length > 0) {
        options = JS_NewStringLen(context, kernel.buffer + code_length, (size_t)options_length);
    }
    if (JS_IsException(options)) {
        kernel_release_reserve();
        JS_FreeValue(context, JS_GetException(context));
        options = JS_NewStringLen(context, kernel.buffer + code_length, (size_t)options_length);
    }
    kernel.buffer[code_length] = '\0';
    int status = kernel_run_cell(kernel.buffer, (size_t)code_length, options);
    JS_FreeValue(context, options);
    return status;
}
