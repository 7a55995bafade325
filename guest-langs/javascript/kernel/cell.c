/* Running a cell: the export `sandcell_execute`.
 *
 * A cell is a global script in which `await` may be used: the engine runs it as an async function, whose promise
 * answers its completion value. The event loop turns until that promise is settled and nothing is under way that
 * could still do something: timers, calls of host functions.
 *
 * The host does the waiting, and no code stands on the stack meanwhile: the call ends with CELL_RESTING, and
 * `sandcell_continue` goes on behind it. So a copy of a guest that waits is a whole guest.
 */
#include "kernel.h"
#include <math.h>
#include <stdio.h>

/* ---- how a cell ends */

/* Forget what a cell left under way: reactions, timers, calls. */
static void abandon(void)
{
    sandcell_drop_jobs(kernel.runtime);
    kernel_forget_rejections();
    JSValue abandoned = kernel_call_hook(HOOK_ABANDON, 0, NULL);
    if (JS_IsException(abandoned)) {
        JS_FreeValue(kernel.context, JS_GetException(kernel.context));
    }
    JS_FreeValue(kernel.context, abandoned);
}

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
    abandon();
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

/* What `sandcell_rest` answers when there is something to wait for, and a turn then. */
#define REST (-3)
#define TURN_RESTS 2

/* What a wait came to: 1, 0 or -1 as a turn. */
static int waited(int32_t length)
{
    JSContext *context = kernel.context;
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

/* A turn of the loop: run a timer that is due, or wait for one or for a host call. 1 when something may have
 * happened, 0 when nothing is under way, -1 with an exception set, TURN_RESTS when the host is to wait. */
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
    if (kernel.program || kernel.discarding) {
        return waited(sandcell_wait(nanoseconds));
    }
    int32_t came = sandcell_rest(nanoseconds);
    return came == REST ? TURN_RESTS : waited(came);
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

/* A cell that runs: what has to be known of it while it rests. */
struct course {
    struct cell cell;
    JSValue promise; /* the cell's, or its last value that is awaited */
    bool wrapped;    /* the promise answers an object that has the value */
    bool shown;
    bool has_options;
};

/* Turn the loop until the cell and what it began have ended, or the host is to wait. `outcome`: of the last turn. */
static int settle(struct course *course, int outcome)
{
    JSContext *context = kernel.context;
    const struct cell *cell = &course->cell;
    for (;;) {
        if (outcome == TURN_RESTS) {
            return CELL_RESTING;
        }
        if (outcome == 0 && course->shown) {
            return CELL_FINISHED;
        }
        if (outcome == 0) {
            JS_ThrowTypeError(context, "the cell awaits a promise that nothing will settle");
        }
        if (outcome <= 0 || do_jobs() < 0) {
            return end_with_error(cell);
        }
        if (!course->shown) {
            JSPromiseStateEnum state = JS_PromiseState(context, course->promise);
            if (state == JS_PROMISE_REJECTED) {
                JS_Throw(context, JS_PromiseResult(context, course->promise));
                return end_with_error(cell);
            }
            if (state == JS_PROMISE_FULFILLED) {
                JSValue value = completion(course->promise, course->wrapped);
                if (course->wrapped && JS_IsPromise(value)) {
                    /* A last value that is a promise is awaited. */
                    JS_FreeValue(context, course->promise);
                    course->promise = value;
                    course->wrapped = false;
                    continue;
                }
                course->shown = true;
                int failed = show(value, cell);
                JS_FreeValue(context, value);
                if (failed < 0) {
                    return end_with_error(cell);
                }
                continue;
            }
        }
        JSValue reason = kernel_take_rejection(course->promise);
        if (!JS_IsUninitialized(reason)) {
            JS_Throw(context, reason);
            return end_with_error(cell);
        }
        outcome = turn();
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

static int run_text(const char *source, size_t length, struct course *course)
{
    JSContext *context = kernel.context;
    struct cell *cell = &course->cell;
    JSValue code = kernel_compile(source, length, cell);
    if (JS_IsException(code)) {
        cell->source = source;
        cell->length = length;
        return end_with_error(cell);
    }
    kernel_hold_reserve();
    course->promise = JS_EvalFunction(context, code);
    if (JS_IsException(course->promise)) {
        course->promise = JS_UNDEFINED;
        return end_with_error(cell);
    }
    course->wrapped = true;
    return settle(course, 1);
}

/* Forget what has ended. Its name is there as long as it can be asked for. */
static void forget(struct course *course)
{
    JSContext *context = kernel.context;
    JS_FreeValue(context, course->promise);
    kernel_forget_rejections();
    if (course->has_options) {
        JSValue ended = kernel_call_hook(HOOK_END, 0, NULL);
        if (JS_IsException(ended)) {
            JS_FreeValue(context, JS_GetException(context));
        }
        JS_FreeValue(context, ended);
    }
    if (course->cell.silent) {
        kernel.cell_number--;
    }
    free(course->cell.name);
}

/* Run what a program is to run, or end with the exception that is set. */
int kernel_run_plan(JSValueConst plan)
{
    JSContext *context = kernel.context;
    struct course course = {.cell = {.name = strdup("[main]"), .silent = true}, .promise = JS_UNDEFINED};
    struct cell *cell = &course.cell;
    if (cell->name == NULL) {
        return CELL_KERNEL_FAILED;
    }
    if (JS_IsException(plan)) {
        return end_with_error(cell);
    }
    JSValue name = JS_GetPropertyStr(context, plan, "fileName");
    JSValue text = JS_GetPropertyStr(context, plan, "source");
    JSValue silent = JS_GetPropertyStr(context, plan, "silent");
    size_t length = 0;
    const char *source = JS_ToCStringLen(context, &length, text);
    const char *file_name = JS_ToCString(context, name);
    cell->silent = JS_ToBool(context, silent) > 0;
    if (file_name != NULL) {
        free(cell->name);
        cell->name = strdup(file_name);
    }
    int status = source == NULL || cell->name == NULL ? end_with_error(cell) : run_text(source, length, &course);
    JS_FreeCString(context, file_name);
    JS_FreeCString(context, source);
    JS_FreeValue(context, silent);
    JS_FreeValue(context, text);
    JS_FreeValue(context, name);
    forget(&course);
    return status;
}

/* The cell that runs or rests. */
static struct course current;
static bool resting;

/* Run the text, behind which there must be a NUL. `options`: a string of JSON, or undefined. */
int kernel_run_cell(const char *source, size_t length, JSValueConst options)
{
    char name[32];
    kernel.out_of_memory = false;
    snprintf(name, sizeof name, "<cell %d>", (int)++kernel.cell_number);
    current = (struct course){
        .cell = {.name = strdup(name)},
        .promise = JS_UNDEFINED,
        .has_options = !JS_IsUndefined(options),
    };
    if (current.cell.name == NULL) {
        return CELL_KERNEL_FAILED;
    }
    int status = current.has_options && begin(options, &current.cell) < 0 ? end_with_error(&current.cell)
                                                                          : run_text(source, length, &current);
    resting = status == CELL_RESTING;
    if (!resting) {
        forget(&current);
    }
    return status;
}

/* A copy of a guest whose cell rests is one in which that cell has ended. */
void kernel_abandon_cell(void)
{
    if (!resting) {
        return;
    }
    resting = false;
    kernel_clear_interrupt();
    abandon();
    forget(&current);
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

/* Go on with the cell that rests; `answer` is what its wait came to. */
GUEST_EXPORT(sandcell_continue) int sandcell_continue(int32_t answer)
{
    if (!resting) {
        return CELL_KERNEL_FAILED;
    }
    JS_UpdateStackTop(kernel.runtime);
    int status = settle(&current, waited(answer));
    resting = status == CELL_RESTING;
    if (!resting) {
        forget(&current);
    }
    return status;
}
