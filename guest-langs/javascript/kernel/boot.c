/* Starting the engine and the kernel's JavaScript half: the export `sandcell_boot`, called once, when an image is
 * built; and the small exports beside it. */
#include "kernel.h"
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define SCRIPT "/usr/lib/sandcell/kernel.js"
#define INNER "/usr/lib/sandcell/inner.js"

/* Of the guest's 6 MiB: what the engine may use of it. The rest is for C functions that do not measure. The stack
 * that WebAssembly itself uses is the engine's (16 MiB), and grows by less than three times as much. */
#define STACK_LIMIT ((5 << 20) + (1 << 19))

struct kernel kernel;

static const char *const hook_names[HOOK_COUNT] = {
    "begin", "end", "rewrite", "report", "show", "turn", "complete", "abandon", "renew", "resolve", "load", "meta",
    "program", "finish",
};

/* Remembers that memory ran out: the engine may have none left to say so. */
static void *none_left(void)
{
    kernel.out_of_memory = true;
    return NULL;
}

/* Each tries again when there were holes in the heap. */
static void *engine_calloc(void *unused, size_t count, size_t size)
{
    void *block = calloc(count, size);
    return block != NULL ? block : kernel_open_holes(count * size) ? engine_calloc(unused, count, size) : none_left();
}

static void *engine_malloc(void *unused, size_t size)
{
    void *block = malloc(size);
    return block != NULL ? block : kernel_open_holes(size) ? engine_malloc(unused, size) : none_left();
}

static void *engine_realloc(void *unused, void *block, size_t size)
{
    void *moved = realloc(block, size);
    return moved != NULL ? moved : kernel_open_holes(size) ? engine_realloc(unused, block, size) : none_left();
}

static void engine_free(void *unused, void *block) { free(block); }
extern size_t malloc_usable_size(void *block);
static size_t engine_usable_size(const void *block) { return malloc_usable_size((void *)block); }

static const JSMallocFunctions allocator = {
    engine_calloc, engine_malloc, engine_free, engine_realloc, engine_usable_size,
};

/* Say to the build log what went wrong. */
static int failed(JSContext *context, const char *stage)
{
    JSValue error = JS_GetException(context);
    JSValue stack = JS_GetPropertyStr(context, error, "stack");
    const char *text = JS_ToCString(context, error);
    const char *trace = JS_ToCString(context, stack);
    fprintf(stderr, "sandcell_boot: %s: %s\n%s\n", stage, text ? text : "?", trace ? trace : "");
    return 1;
}

/* The object that gives the JavaScript half what only C can do. */
static JSValue native(JSContext *context)
{
    JSValue object = JS_NewObject(context);
    JS_SetPropertyFunctionList(context, object, kernel_channel_functions, kernel_channel_count);
    JS_SetPropertyFunctionList(context, object, kernel_value_functions, kernel_value_count);
    JS_SetPropertyFunctionList(context, object, kernel_file_functions, kernel_file_count);
    JS_SetPropertyFunctionList(context, object, kernel_child_functions, kernel_child_count);
    return object;
}

/* Run a script, which is a function of `native` and of one value more; frees that value. */
static JSValue run_script(JSContext *context, const char *path, const char *name, JSValue more)
{
    size_t length;
    char *source = kernel_read_file(path, &length);
    if (source == NULL) {
        JS_FreeValue(context, more);
        return JS_ThrowInternalError(context, "it cannot be read");
    }
    JSValue start = JS_Eval(context, source, length, name, JS_EVAL_TYPE_GLOBAL);
    free(source);
    JSValue arguments[2] = {native(context), more};
    JSValue answer = JS_IsException(start) ? JS_EXCEPTION : JS_Call(context, start, JS_UNDEFINED, 2, (JSValueConst *)arguments);
    JS_FreeValue(context, arguments[0]);
    JS_FreeValue(context, arguments[1]);
    JS_FreeValue(context, start);
    return answer;
}

/* Run the inner script in a realm of its own, then the outer one in that of the cells; the latter answers the hooks. */
static int start_scripts(void)
{
    JSContext *context = kernel.context;
    JSContext *realm = JS_NewContext(kernel.runtime);
    if (realm == NULL) {
        return 1;
    }
    JSValue inner = run_script(realm, INNER, "node:internal/inner", JS_GetGlobalObject(context));
    if (JS_IsException(inner)) {
        return failed(realm, INNER);
    }
    JSValue hooks = run_script(context, SCRIPT, "node:internal/kernel", inner);
    if (JS_IsException(hooks)) {
        return failed(context, SCRIPT);
    }
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        kernel.hooks[hook] = JS_GetPropertyStr(context, hooks, hook_names[hook]);
        if (!JS_IsFunction(context, kernel.hooks[hook])) {
            fprintf(stderr, "sandcell_boot: the script has no hook %s\n", hook_names[hook]);
            return 1;
        }
    }
    JS_FreeValue(context, hooks);
    return 0;
}

/* Cells that are run before the freeze, so that a first cell finds everything warm. */
static const char *const warm_cells[] = {
    "1+1",
    "console.log('warm', 1, { a: [1, 2] })",
    "({ a: 1, b: 'text', c: [1, 2, 3], d: new Map([[1, 2]]) })",
    "await new Promise((resolve) => setTimeout(resolve, 1))",
    "let warm = 1; const { readFileSync } = require('fs'); warm",
    "import { join } from 'path'; join('a', 'b')",
    "const typed: number = 1; interface Shape { a: string }; typed",
    "class Warm { constructor(a) { this.a = a } }; function warmer() { return new Warm(1) }; warmer()",
    "display({ a: 1 })",
};
static const char failing_cell[] = "function thrower() { throw new TypeError('warm') }; thrower()";

static int warm_up(void)
{
    kernel.discarding = true;
    for (size_t index = 0; index < sizeof warm_cells / sizeof *warm_cells; index++) {
        int status = kernel_run_cell(warm_cells[index], strlen(warm_cells[index]), JS_UNDEFINED);
        if (status != CELL_FINISHED) {
            fprintf(stderr, "sandcell_boot: the cell %s ended with status %d\n", warm_cells[index], status);
            return 1;
        }
    }
    int status = kernel_run_cell(failing_cell, strlen(failing_cell), JS_UNDEFINED);
    kernel.discarding = false;
    if (status != CELL_RAISED) {
        fprintf(stderr, "sandcell_boot: an error ended a cell with status %d\n", status);
        return 1;
    }
    const char *tidy = "delete globalThis.warmer; delete globalThis.thrower";
    JS_FreeValue(kernel.context, JS_Eval(kernel.context, tidy, strlen(tidy), "tidy", JS_EVAL_TYPE_GLOBAL));
    kernel.cell_number = 0;
    return 0;
}

GUEST_EXPORT(sandcell_boot) int sandcell_boot(void)
{
    chdir("/home/user");
    kernel.runtime = JS_NewRuntime2(&allocator, NULL);
    if (kernel.runtime == NULL) {
        return 1;
    }
    /* A collection while booting would look at everything again and again. */
    JS_SetGCThreshold(kernel.runtime, SIZE_MAX);
    JS_SetMaxStackSize(kernel.runtime, STACK_LIMIT);
    kernel.context = JS_NewContext(kernel.runtime);
    if (kernel.context == NULL || JS_AddIntrinsicDOMException(kernel.context)) {
        return 1;
    }
    JS_SetInterruptHandler(kernel.runtime, kernel_on_poll, NULL);
    JS_SetModuleLoaderFunc(kernel.runtime, kernel_resolve_module, kernel_load_module, NULL);
    JS_SetHostPromiseRejectionTracker(kernel.runtime, kernel_on_rejection, NULL);
    if (start_scripts()) {
        return 1;
    }
    sandcell_hide_kernel = 1;
    if (warm_up()) {
        return 1;
    }
    sandcell_freeze_heap(kernel.runtime);
    kernel_fill_holes();
    if (sandcell_first_arenas(kernel.runtime)) {
        return 1;
    }
    kernel_hold_reserve();
    return 0;
}

GUEST_EXPORT(sandcell_buffer) void *sandcell_buffer(int32_t length)
{
    size_t size = (size_t)(uint32_t)length + 1;
    if (size > kernel.buffer_size) {
        free(kernel.buffer);
        kernel.buffer = malloc(size);
        kernel.buffer_size = kernel.buffer == NULL ? 0 : size;
    }
    else if (kernel.buffer_size > (1 << 20) && size < (1 << 16)) {
        /* One large cell does not hold its memory for ever. */
        free(kernel.buffer);
        kernel.buffer = malloc(1 << 16);
        kernel.buffer_size = kernel.buffer == NULL ? 0 : 1 << 16;
    }
    return kernel.buffer;
}

#define ENTROPY "{\"entropy\":\""

/* Most orders say nothing else, and need no JavaScript. */
static bool is_only_entropy(const char *order, size_t length)
{
    size_t digits = length - (sizeof ENTROPY - 1) - 2;
    return length > sizeof ENTROPY + 17 && memcmp(order, ENTROPY, sizeof ENTROPY - 1) == 0 &&
           memchr(order + sizeof ENTROPY - 1, '"', digits) == NULL && memcmp(order + length - 2, "\"}", 2) == 0;
}

GUEST_EXPORT(sandcell_renew) int sandcell_renew(int32_t length)
{
    JSContext *context = kernel.context;
    uint64_t seed = 0;
    JS_UpdateStackTop(kernel.runtime);
    kernel_abandon_cell();
    if (getentropy(&seed, sizeof seed) != 0) {
        fputs("sandcell_renew: no random bytes\n", stderr);
        return 1;
    }
    if (length == 0) {
        sandcell_seed(context, seed);
        return 0;
    }
    if (is_only_entropy(kernel.buffer, (size_t)length)) {
        char digits[17] = {0};
        memcpy(digits, kernel.buffer + sizeof ENTROPY - 1, 16);
        sandcell_seed(context, strtoull(digits, NULL, 16));
        return 0;
    }
    JSValue order = JS_NewStringLen(context, kernel.buffer, (size_t)length);
    JSValue entropy = kernel_call_hook(HOOK_RENEW, 1, &order);
    if (JS_IsNull(entropy)) {
        return 0; /* it goes on as itself */
    }
    const char *digits = JS_IsException(entropy) ? NULL : JS_ToCString(context, entropy);
    if (digits == NULL) {
        return failed(context, "renew");
    }
    if (digits[0] != '\0') {
        /* The generator has 64 bits of state. */
        char first[17] = {0};
        strncpy(first, digits, 16);
        seed = strtoull(first, NULL, 16);
    }
    sandcell_seed(context, seed);
    JS_FreeCString(context, digits);
    JS_FreeValue(context, entropy);
    return 0;
}
