/* From the text of a cell to code: JavaScript, TypeScript, imports and exports. */
#include "kernel.h"

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

JSValue kernel_compile(const char *source, size_t length, const struct cell *cell)
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
