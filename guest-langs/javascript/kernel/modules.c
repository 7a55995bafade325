/* The module loader: what a name means, and what it loads, is decided in JavaScript (modules.js). */
#include "kernel.h"

char *kernel_resolve_module(JSContext *context, const char *base, const char *name, void *unused)
{
    JSValue arguments[2] = {JS_NewString(context, base), JS_NewString(context, name)};
    JSValue resolved = kernel_call_hook(HOOK_RESOLVE, 2, arguments);
    const char *text = JS_IsException(resolved) ? NULL : JS_ToCString(context, resolved);
    JS_FreeValue(context, resolved);
    char *copy = text == NULL ? NULL : js_strdup(context, text);
    JS_FreeCString(context, text);
    return copy;
}

/* A module of values gives out what the loader put beside it. */
static int initialise(JSContext *context, JSModuleDef *module)
{
    JSValue made = JS_GetModulePrivateValue(context, module);
    JSValue names = JS_GetPropertyStr(context, made, "names");
    JSValue values = JS_GetPropertyStr(context, made, "values");
    int64_t count = 0;
    int outcome = JS_GetLength(context, names, &count);
    for (int64_t index = 0; outcome == 0 && index < count; index++) {
        JSValue name = JS_GetPropertyInt64(context, names, index);
        const char *text = JS_ToCString(context, name);
        JSValue value = JS_GetPropertyInt64(context, values, index);
        outcome = text == NULL || JS_IsException(value) ? -1 : JS_SetModuleExport(context, module, text, value);
        JS_FreeCString(context, text);
        JS_FreeValue(context, name);
    }
    JS_FreeValue(context, values);
    JS_FreeValue(context, names);
    JS_FreeValue(context, made);
    return outcome;
}

static JSModuleDef *module_of_values(JSContext *context, const char *name, JSValue made)
{
    JSModuleDef *module = JS_NewCModule(context, name, initialise);
    JSValue names = JS_GetPropertyStr(context, made, "names");
    int64_t count = 0;
    int outcome = module == NULL ? -1 : JS_GetLength(context, names, &count);
    for (int64_t index = 0; outcome == 0 && index < count; index++) {
        JSValue value = JS_GetPropertyInt64(context, names, index);
        const char *text = JS_ToCString(context, value);
        outcome = text == NULL ? -1 : JS_AddModuleExport(context, module, text);
        JS_FreeCString(context, text);
        JS_FreeValue(context, value);
    }
    JS_FreeValue(context, names);
    if (outcome != 0) {
        JS_FreeValue(context, made);
        return NULL;
    }
    JS_SetModulePrivateValue(context, module, made);
    return module;
}

static JSModuleDef *module_of_source(JSContext *context, const char *name, JSValueConst source)
{
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, source);
    if (text == NULL) {
        return NULL;
    }
    JSValue compiled = JS_Eval(context, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    JS_FreeCString(context, text);
    if (JS_IsException(compiled)) {
        return NULL;
    }
    JSModuleDef *module = JS_VALUE_GET_PTR(compiled);
    JS_FreeValue(context, compiled); /* the list of modules keeps it */
    JSValue arguments[2] = {JS_GetImportMeta(context, module), JS_NewString(context, name)};
    JSValue filled = kernel_call_hook(HOOK_META, 2, arguments);
    bool failed = JS_IsException(filled);
    JS_FreeValue(context, filled);
    return failed ? NULL : module;
}

JSModuleDef *kernel_load_module(JSContext *context, const char *name, void *unused)
{
    JSValue argument = JS_NewString(context, name);
    JSValue loaded = kernel_call_hook(HOOK_LOAD, 1, &argument);
    if (JS_IsException(loaded)) {
        return NULL;
    }
    if (JS_IsObject(loaded)) {
        return module_of_values(context, name, loaded);
    }
    JSModuleDef *module = module_of_source(context, name, loaded);
    JS_FreeValue(context, loaded);
    return module;
}
