/* Calls into the JavaScript half of the kernel. */
#include "kernel.h"

/* Call a hook and free its arguments. */
JSValue kernel_call_hook(enum kernel_hook hook, int count, JSValue *arguments)
{
    JSContext *context = kernel.context;
    JSValue value = JS_Call(context, kernel.hooks[hook], JS_UNDEFINED, count, (JSValueConst *)arguments);
    for (int index = 0; index < count; index++) {
        JS_FreeValue(context, arguments[index]);
    }
    return value;
}
