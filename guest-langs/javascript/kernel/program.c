/* Running as a program: the export `sandcell_program`. The JavaScript half reads the arguments and says what to run. */
#include "kernel.h"
#include <wasi/api.h>

/* The texts of one of preview 1's two tables, as an array of strings. */
static JSValue texts(__wasi_errno_t (*sizes)(__wasi_size_t *, __wasi_size_t *),
                     __wasi_errno_t (*get)(uint8_t **, uint8_t *))
{
    JSContext *context = kernel.context;
    __wasi_size_t count, length;
    if (sizes(&count, &length) != 0) {
        return JS_ThrowInternalError(context, "the host has no arguments");
    }
    uint8_t **table = malloc((count + 1) * sizeof *table);
    uint8_t *bytes = malloc(length + 1);
    JSValue list = JS_EXCEPTION;
    if (table == NULL || bytes == NULL) {
        JS_ThrowOutOfMemory(context);
    }
    else if (get(table, bytes) != 0) {
        JS_ThrowInternalError(context, "the host gave no arguments");
    }
    else {
        list = JS_NewArray(context);
    }
    for (__wasi_size_t index = 0; index < count && !JS_IsException(list); index++) {
        JS_SetPropertyUint32(context, list, index, JS_NewString(context, (const char *)table[index]));
    }
    free(table);
    free(bytes);
    return list;
}

GUEST_EXPORT(sandcell_program) int32_t sandcell_program(void)
{
    JSContext *context = kernel.context;
    JS_UpdateStackTop(kernel.runtime);
    kernel_clear_interrupt();
    kernel.program = true;
    JSValue arguments[2] = {
        texts(__wasi_args_sizes_get, __wasi_args_get),
        texts(__wasi_environ_sizes_get, __wasi_environ_get),
    };
    JSValue plan = kernel_call_hook(HOOK_PROGRAM, 2, arguments);
    int status = kernel_run_plan(plan);
    JS_FreeValue(context, plan);
    if (status == CELL_INTERRUPTED) {
        return 256 + 2;
    }
    JSValue number = JS_NewInt32(context, status == CELL_FINISHED ? 0 : 1);
    JSValue code = kernel_call_hook(HOOK_FINISH, 1, &number);
    int32_t answer = 1;
    if (JS_IsException(code) || JS_ToInt32(context, &answer, code)) {
        return 1;
    }
    return answer & 0xff;
}
