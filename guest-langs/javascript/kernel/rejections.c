/* Promises that were rejected while nobody listened. */
#include "kernel.h"

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

void kernel_forget_rejections(void)
{
    while (rejection_count > 0) {
        rejection_count--;
        JS_FreeValue(kernel.context, rejections[rejection_count].promise);
        JS_FreeValue(kernel.context, rejections[rejection_count].reason);
    }
}

JSValue kernel_take_rejection(JSValueConst except)
{
    for (int index = 0; index < rejection_count; index++) {
        if (!JS_IsObject(except) || JS_VALUE_GET_PTR(rejections[index].promise) != JS_VALUE_GET_PTR(except)) {
            return JS_DupValue(kernel.context, rejections[index].reason);
        }
    }
    return JS_UNINITIALIZED;
}
