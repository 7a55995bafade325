"""Teach QuickJS the ways of a guest.

usage: patch.py SOURCE TARGET

What is changed and why it is right: guest-langs/javascript/patches.md. Each edit names the text
that it replaces; a source where that text is not found exactly once is refused.
"""

import pathlib
import sys

DECLARATIONS = """
/* sandcell: see guest-langs/javascript/patches.md */
static uintptr_t sandcell_pattern_start; /* the measured stack where a pattern's parser began, or 0 */
extern volatile uint64_t sandcell_stop; /* the stop word, and above it the interrupt word */
__attribute__((import_module("sandcell"), import_name("check"))) extern void sandcell_check(void);

"""

HEADER = """
/* sandcell: whether a function is the kernel's, whose frames are of no use to anybody once it is there */
int sandcell_hide_kernel;
static bool sandcell_is_kernel(JSContext *ctx, JSFunctionBytecode *b)
{
    const char *name = sandcell_hide_kernel && b->filename ? JS_AtomToCString(ctx, b->filename) : NULL;
    bool is = name && !strncmp(name, "node:internal/", 14);
    JS_FreeCString(ctx, name);
    return is;
}

/* sandcell: the first line of a stack, as other engines have it */
static void sandcell_stack_header(JSContext *ctx, JSValueConst error, DynBuf *out)
{
    JSValue saved = ctx->rt->current_exception;
    ctx->rt->current_exception = JS_UNINITIALIZED;
    JSValue name = JS_GetProperty(ctx, error, JS_ATOM_name);
    JSValue message = JS_GetProperty(ctx, error, JS_ATOM_message);
    const char *name_text = JS_IsString(name) ? JS_ToCString(ctx, name) : NULL;
    const char *text = JS_IsString(message) ? JS_ToCString(ctx, message) : NULL;
    dbuf_putstr(out, name_text ? name_text : "Error");
    if (text && *text) {
        dbuf_putstr(out, ": ");
        dbuf_putstr(out, text);
    }
    dbuf_putc(out, '\\n');
    JS_FreeCString(ctx, text);
    JS_FreeCString(ctx, name_text);
    JS_FreeValue(ctx, message);
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, ctx->rt->current_exception);
    ctx->rt->current_exception = saved;
}

"""

ADDED = """
/* sandcell: see guest-langs/javascript/patches.md */

/* Everything that is alive now is alive for ever: the collector need not look at it again. */
void sandcell_freeze_heap(JSRuntime *rt)
{
    static struct list_head frozen;
    struct list_head *el, *next;

    JS_RunGC(rt);
    init_list_head(&frozen);
    list_for_each_safe(el, next, &rt->gc_obj_list) {
        JSGCObjectHeader *p = list_entry(el, JSGCObjectHeader, link);
        JS_REF_COUNT(p)++;
        list_del(el);
        list_add_tail(el, &frozen);
    }
    JS_SetGCThreshold(rt, rt->malloc_state.malloc_size + (4 << 20));

    /* What is free in the arenas of the image is left: a few blocks here and there, each in a page of its own. */
    for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
        list_for_each_safe(el, next, &rt->arena_state.free_arena_list[i]) {
            JSArena *ar = list_entry(el, JSArena, free_link);
            list_del(el);
            ar->n_blocks = ar->n_used_blocks;
        }
    }
}

/* A small arena of each size, side by side, for what a small cell allocates. They stay when they are empty. */
int sandcell_first_arenas(JSRuntime *rt)
{
    for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
        int bytes = arena_block_sizes[i] <= 128 ? 768 : 1280;
        JSArena *ar = arena_sized(rt, i, bytes / arena_block_sizes[i]);
        if (!ar)
            return -1;
        /* as if one block more were there, and in use */
        ar->n_blocks++;
        ar->n_used_blocks++;
    }
    return 0;
}

/* Jobs that an interrupted cell left are never done. */
void sandcell_drop_jobs(JSRuntime *rt)
{
    struct list_head *el, *next;

    list_for_each_safe(el, next, &rt->job_list) {
        JSJobEntry *e = list_entry(el, JSJobEntry, link);
        for (int i = 0; i < e->argc; i++)
            JS_FreeValueRT(rt, e->argv[i]);
        list_del(el);
        js_free_rt(rt, e);
    }
}

/* The names of an object's own properties that are no array indices, strings before symbols; it takes as long as
   there are properties of that kind, however many elements there are. */
JSValue sandcell_named_keys(JSContext *ctx, JSValueConst object, int enumerable)
{
    JSValue keys = JS_NewArray(ctx);
    if (JS_IsException(keys) || !JS_IsObject(object))
        return keys;
    JSShape *sh = JS_VALUE_GET_OBJ(object)->shape;
    int64_t count = 0;
    for (int kind = JS_ATOM_KIND_STRING; kind <= JS_ATOM_KIND_SYMBOL; kind++) {
        JSShapeProperty *prs = get_shape_prop(sh);
        for (int i = 0; i < sh->prop_count; i++, prs++) {
            uint32_t index;
            if (prs->atom == JS_ATOM_NULL || JS_AtomGetKind(ctx, prs->atom) != kind ||
                (enumerable && !(prs->flags & JS_PROP_ENUMERABLE)) || JS_AtomIsArrayIndex(ctx, &index, prs->atom))
                continue;
            if (JS_DefinePropertyValueInt64(ctx, keys, count++, JS_AtomToValue(ctx, prs->atom), JS_PROP_C_W_E) < 0) {
                JS_FreeValue(ctx, keys);
                return JS_EXCEPTION;
            }
        }
    }
    return keys;
}

static void sandcell_sift(uint32_t *heap, uint32_t count, uint32_t at)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[at] >= heap[child])
            return;
        uint32_t other = heap[at];
        heap[at] = heap[child];
        heap[child] = other;
    }
}

/* The first `limit` indices of an array's enumerable elements, as strings and in order. Memory for `limit` of them,
   however many there are. */
JSValue sandcell_index_keys(JSContext *ctx, JSValueConst array, uint32_t limit)
{
    JSValue keys = JS_NewArray(ctx);
    if (JS_IsException(keys) || !JS_IsArray(array))
        return keys;
    JSObject *p = JS_VALUE_GET_OBJ(array);
    uint32_t dense = p->fast_array ? p->u.array.count : 0;
    uint32_t room = 0, found = 0, index;
    if (dense > limit)
        dense = limit;
    for (int i = 0; i < p->shape->prop_count && room < limit - dense; i++) {
        JSShapeProperty *prs = get_shape_prop(p->shape) + i;
        room += prs->atom != JS_ATOM_NULL && JS_AtomIsArrayIndex(ctx, &index, prs->atom);
    }
    uint32_t *heap = js_malloc(ctx, (room + 1) * sizeof *heap);
    if (!heap)
        goto fail;
    for (int i = 0; i < p->shape->prop_count; i++) {
        JSShapeProperty *prs = get_shape_prop(p->shape) + i;
        if (prs->atom == JS_ATOM_NULL || !(prs->flags & JS_PROP_ENUMERABLE) || !JS_AtomIsArrayIndex(ctx, &index, prs->atom))
            continue;
        if (found < room) {
            heap[found++] = index;
            for (uint32_t at = found == room ? room / 2 : 0; at-- > 0;)
                sandcell_sift(heap, room, at);
        } else if (room > 0 && index < heap[0]) {
            heap[0] = index;
            sandcell_sift(heap, room, 0);
        }
    }
    if (found < room)
        for (uint32_t at = found / 2; at-- > 0;)
            sandcell_sift(heap, found, at);
    for (uint32_t last = found; last-- > 1;) {
        index = heap[0];
        heap[0] = heap[last];
        heap[last] = index;
        sandcell_sift(heap, last, 0);
    }
    for (uint32_t at = 0; at < dense + found; at++) {
        JSValue key = JS_ToStringFree(ctx, JS_NewUint32(ctx, at < dense ? at : heap[at - dense]));
        if (JS_IsException(key) || JS_DefinePropertyValueInt64(ctx, keys, at, key, JS_PROP_C_W_E) < 0)
            goto fail;
    }
    js_free(ctx, heap);
    return keys;
fail:
    js_free(ctx, heap);
    JS_FreeValue(ctx, keys);
    return JS_EXCEPTION;
}

/* The state of Math.random. */
void sandcell_seed(JSContext *ctx, uint64_t seed)
{
    ctx->random_state = seed ? seed : 1;
}
"""

SAME_BYTES = """
/* sandcell: whether two texts are the same, by words. */
static inline bool sandcell_same_bytes(const uint8_t *one, const uint8_t *other, size_t length)
{
    uint64_t a, b;
    size_t at = 0;

    if (length < 8) {
        for (; at < length; at++)
            if (one[at] != other[at])
                return false;
        return true;
    }
    for (; at + 8 <= length; at += 8) {
        memcpy(&a, one + at, 8);
        memcpy(&b, other + at, 8);
        if (a != b)
            return false;
    }
    memcpy(&a, one + length - 8, 8);
    memcpy(&b, other + length - 8, 8);
    return a == b;
}

/* sandcell: of strings of one length */
static inline bool sandcell_same_text(JSString *p1, JSString *p2)
{
    if (p1 == p2)
        return true;
    if (p1->is_wide_char != p2->is_wide_char)
        return js_string_memcmp(p1, p2, p1->len) == 0;
    return sandcell_same_bytes(str8(p1), str8(p2), (size_t)p1->len << p1->is_wide_char);
}

"""


def part(name):
    """A piece of C that stands beside this script."""
    return pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8")


CLOSING = """/* sandcell: what a rejected value of an iterator does: the iterator is closed, the reason stays */
static JSValue sandcell_close_iterator(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv, int magic, JSValueConst *data)
{
    JS_Throw(ctx, js_dup(argv[0]));
    JS_IteratorClose(ctx, data[0], true);
    return JS_EXCEPTION;
}

"""

EDITS = [
    # Declarations stand before the first function that needs them.
    (
        "static no_inline __exception int __js_poll_interrupts(JSContext *ctx)\n{\n    JSRuntime *rt = ctx->rt;\n",
        DECLARATIONS
        + "static no_inline __exception int __js_poll_interrupts(JSContext *ctx)\n{\n    JSRuntime *rt = ctx->rt;\n"
        "    sandcell_check();\n",
    ),
    ("    ctx->interrupt_counter = JS_INTERRUPT_COUNTER_INIT;\n    if (rt->interrupt_handler) {\n", "    if (rt->interrupt_handler) {\n"),
    ("    if (unlikely(--ctx->interrupt_counter <= 0)) {\n", "    if (unlikely(sandcell_stop != 0)) {\n"),
    # The engine's loops over elements can be interrupted, too.
    (
        "static int JS_TryGetPropertyInt64(JSContext *ctx, JSValueConst obj, int64_t idx, JSValue *pval)\n{\n",
        "static int JS_TryGetPropertyInt64(JSContext *ctx, JSValueConst obj, int64_t idx, JSValue *pval)\n{\n"
        "    if (unlikely(sandcell_stop != 0) && __js_poll_interrupts(ctx)) {\n"
        "        *pval = JS_UNDEFINED;\n        return -1;\n    }\n",
    ),
    # The interpreter looks by itself.
    (
        "/* argv[] is modified if (flags & JS_CALL_FLAG_COPY_ARGV) = 0. */\nstatic JSValue JS_CallInternal(",
        "/* argv[] is modified if (flags & JS_CALL_FLAG_COPY_ARGV) = 0. */\n"
        '__attribute__((export_name("sandcell_polling"), used))\nstatic JSValue JS_CallInternal(',
    ),
    # A switch is faster than computed goto once it is WebAssembly.
    ("#define DIRECT_DISPATCH  1\n", "#define DIRECT_DISPATCH  0\n"),
    # The stack that is measured is not the one that ends first.
    (
        "#if defined(__clang__) || defined(__GNUC__)\n    return (uintptr_t)__builtin_frame_address(0);\n",
        "#if defined(__wasm__)\n    char pad[256];\n"
        '    __asm__ volatile("" : : "r"(pad) : "memory");\n    return (uintptr_t)pad;\n'
        "#elif defined(__clang__) || defined(__GNUC__)\n    return (uintptr_t)__builtin_frame_address(0);\n",
    ),
    # So it is for patterns: their parser takes much more of the other.
    (
        "    re_bytecode_buf = lre_compile(&re_bytecode_len, error_msg,\n                                  sizeof(error_msg), str, len, re_flags, ctx);\n",
        "    sandcell_pattern_start = js_get_stack_pointer();\n"
        "    re_bytecode_buf = lre_compile(&re_bytecode_len, error_msg,\n                                  sizeof(error_msg), str, len, re_flags, ctx);\n"
        "    sandcell_pattern_start = 0;\n",
    ),
    (
        "    JSContext *ctx = opaque;\n    return js_check_stack_overflow(ctx->rt, alloca_size);\n",
        "    JSContext *ctx = opaque;\n    uintptr_t here = js_get_stack_pointer();\n"
        "    size_t used = here < sandcell_pattern_start ? sandcell_pattern_start - here : 0;\n"
        "    return js_check_stack_overflow(ctx->rt, alloca_size + 16 * used);\n",
    ),
    # A stack begins with the name and the message of its error, and ends without a line feed.
    (
        "static void build_backtrace(JSContext *ctx, JSValueConst error_val,\n                            JSValueConst filter_func, const char *filename,\n                            int line_num, int col_num, int backtrace_flags)\n{\n",
        HEADER
        + "static void build_backtrace(JSContext *ctx, JSValueConst error_val,\n                            JSValueConst filter_func, const char *filename,\n                            int line_num, int col_num, int backtrace_flags)\n{\n",
    ),
    (
        "        js_dbuf_init(ctx, &dbuf);\n        if (stack_trace_limit == 0)\n",
        "        js_dbuf_init(ctx, &dbuf);\n        sandcell_stack_header(ctx, error_obj, &dbuf);\n        if (stack_trace_limit == 0)\n",
    ),
    (
        "            stack = JS_NULL;\n        else\n            stack = JS_NewStringLen(ctx, (char *)dbuf.buf, dbuf.size);\n",
        "            stack = JS_NULL;\n        else\n            stack = JS_NewStringLen(ctx, (char *)dbuf.buf, dbuf.size - (dbuf.size > 0));\n",
    ),
    # Frames read as in other engines: no name, no brackets; and those of the kernel are not shown.
    (
        "        if (has_prepare) {\n            js_new_callsite_data(ctx, &csd[i], sf);\n        } else {\n",
        "        if (b && sandcell_is_kernel(ctx, b))\n            continue;\n"
        "        if (has_prepare) {\n            js_new_callsite_data(ctx, &csd[i], sf);\n        } else {\n",
    ),
    (
        '            dbuf_printf(&dbuf, "    at %s", str1);\n            JS_FreeCString(ctx, func_name_str);\n',
        '            bool bare = b && sf->cur_pc && (str1[0] == \'<\');\n'
        '            dbuf_printf(&dbuf, "    at %s%s", bare ? "" : str1, b && sf->cur_pc && !bare ? " (" : "");\n'
        "            JS_FreeCString(ctx, func_name_str);\n",
    ),
    (
        '                dbuf_printf(&dbuf, " (%s", atom_str ? atom_str : "<null>");\n',
        '                dbuf_printf(&dbuf, "%s", atom_str ? atom_str : "<null>");\n',
    ),
    (
        "                    dbuf_printf(&dbuf, \":%d:%d\", line_num1, col_num1);\n                dbuf_putc(&dbuf, ')');\n",
        "                    dbuf_printf(&dbuf, \":%d:%d\", line_num1, col_num1);\n                if (!bare)\n                    dbuf_putc(&dbuf, ')');\n",
    ),
    # What is spread into an object may be a string.
    (
        "    if (JS_VALUE_GET_TAG(source) != JS_TAG_OBJECT)\n        return 0;\n\n    if (JS_VALUE_GET_TAG(excluded) == JS_TAG_OBJECT)\n",
        "    if (JS_IsString(source)) {\n        JSValue boxed = JS_ToObject(ctx, source);\n        if (JS_IsException(boxed))\n            return -1;\n"
        "        ret = JS_CopyDataProperties(ctx, target, boxed, excluded, setprop);\n        JS_FreeValue(ctx, boxed);\n        return ret;\n    }\n"
        "    if (JS_VALUE_GET_TAG(source) != JS_TAG_OBJECT)\n        return 0;\n\n    if (JS_VALUE_GET_TAG(excluded) == JS_TAG_OBJECT)\n",
    ),
    # Texts are compared by words, and are the same when they are one.
    (
        "static bool js_string_eq(JSString *p1, JSString *p2) {\n    if (p1->len != p2->len)\n        return false;\n"
        "    return js_string_memcmp(p1, p2, p1->len) == 0;\n",
        "static bool js_string_eq(JSString *p1, JSString *p2) {\n    return p1->len == p2->len && sandcell_same_text(p1, p2);\n",
    ),
    ("                js_string_memcmp(p, str, len) == 0) {\n", "                sandcell_same_text(p, str)) {\n"),
    (
        "static JSAtom __JS_NewAtom(JSRuntime *rt, JSString *str, int atom_type)\n{\n",
        SAME_BYTES + "static JSAtom __JS_NewAtom(JSRuntime *rt, JSString *str, int atom_type)\n{\n",
    ),
    # A string that is the name of a property is not written to.
    (
        "    if (JS_REF_COUNT(p1) == 1 && p1->is_wide_char == p2->is_wide_char\n    &&  js_malloc_usable_size",
        "    if (JS_REF_COUNT(p1) == 1 && !p1->atom_type && p1->is_wide_char == p2->is_wide_char\n    &&  js_malloc_usable_size",
    ),
    # `text += more` of a local variable is done in its place.
    (
        "/* op1 and op2 are converted to strings. For convenience, op1 or op2 =\n",
        part("append.c") + "/* op1 and op2 are converted to strings. For convenience, op1 or op2 =\n",
    ),
    (
        "                } else if (JS_VALUE_GET_TAG(*pv) == JS_TAG_STRING) {\n                    JSValue op1;\n",
        "                } else if (tag_is_string(JS_VALUE_GET_TAG(*pv)) && sandcell_append(ctx, pv, sp[-1])) {\n"
        "                    JS_FreeValue(ctx, sp[-1]);\n                    sp--;\n"
        "                } else if (JS_VALUE_GET_TAG(*pv) == JS_TAG_STRING) {\n                    JSValue op1;\n",
    ),
    (
        "                } else {\n                add_slow_case:\n                    sf->cur_pc = pc;\n",
        "                } else if (tag_is_string(JS_VALUE_GET_TAG(op1)) && sandcell_append_ahead(ctx, pc, var_buf, var_refs, sp)) {\n"
        "                    sp--;\n"
        "                } else {\n                add_slow_case:\n                    sf->cur_pc = pc;\n",
    ),
    # A look at `let` that cannot fail is left out.
    (
        "static __exception int resolve_labels(JSContext *ctx, JSFunctionDef *s)\n{\n",
        part("locals.c") + "static __exception int resolve_labels(JSContext *ctx, JSFunctionDef *s)\n{\n",
    ),
    (
        "    label_slots = s->label_slots;\n\n    line_num = s->line_num;\n    col_num = s->col_num;\n\n    cc.bc_buf",
        "    sandcell_known_locals(ctx, s);\n    label_slots = s->label_slots;\n\n    line_num = s->line_num;\n"
        "    col_num = s->col_num;\n\n    cc.bc_buf",
    ),
    # Keys of maps and sets: each bit of a key counts for the place, and a string is the same however it is put together.
    (
        "        return hash_string(JS_VALUE_GET_STRING(val), h);\n    } else {\n        JSStringRope *r",
        "        JSString *p = JS_VALUE_GET_STRING(val);\n        return hash_string(p, h) ^ hash32(p->len);\n    } else {\n        JSStringRope *r",
    ),
    (
        "        h = hash_string_rope(key, 0);\n        break;\n",
        "        h = hash_string_rope(key, 0) ^ hash32(JS_VALUE_GET_STRING_ROPE(key)->len);\n        tag = JS_TAG_STRING;\n        break;\n",
    ),
    ("        h = (uintptr_t)JS_VALUE_GET_PTR(key) * 3163;\n        break;\n    case JS_TAG_INT:\n        d = JS_VALUE_GET_INT(key);\n        goto hash_float64;\n",
     "        h = (uintptr_t)JS_VALUE_GET_PTR(key);\n        break;\n    case JS_TAG_INT:\n        h = JS_VALUE_GET_INT(key);\n        tag = JS_TAG_FLOAT64;\n        break;\n"),
    (
        "        u.d = d;\n        h = (u.u32[0] ^ u.u32[1]) * 3163;\n",
        "        u.d = d;\n        if (d >= INT32_MIN && d <= INT32_MAX && d == (int32_t)d)\n            h = (int32_t)d;\n"
        "        else\n            h = u.u32[0] ^ hash32(u.u32[1]);\n",
    ),
    (
        "    return h ^ ctx->hash_seed ^ hash32(tag);\n",
        "    h ^= ctx->hash_seed ^ hash32(tag);\n    h = (h ^ h >> 16) * 0x85ebca6b;\n    h = (h ^ h >> 13) * 0xc2b2ae35;\n    return h ^ h >> 16;\n",
    ),
    (
        "        mr = list_entry(el, JSMapRecord, hash_link);\n        if (js_same_value_zero(ctx, mr->key, key))\n            return mr;\n",
        "        mr = list_entry(el, JSMapRecord, hash_link);\n"
        "        if (is_text && JS_VALUE_GET_TAG(mr->key) == JS_TAG_STRING) {\n"
        "            if (js_string_eq(JS_VALUE_GET_STRING(mr->key), JS_VALUE_GET_STRING(key)))\n                return mr;\n"
        "        } else if (js_same_value_zero(ctx, mr->key, key))\n            return mr;\n",
    ),
    (
        "    uint32_t h;\n    h = map_hash_key(ctx, key) & (s->hash_size - 1);\n    list_for_each(",
        "    uint32_t h;\n    bool is_text = JS_VALUE_GET_TAG(key) == JS_TAG_STRING;\n    h = map_hash_key(ctx, key) & (s->hash_size - 1);\n    list_for_each(",
    ),
    # Whether an object is being written already is asked of it, not of all that it is in. Its mark says that some
    # JSON.stringify is in it, not which one.
    (
        "    JSValue indent1, sep, sep1, tab, v, prop;\n    JSObject *p;\n",
        "    JSValue indent1, sep, sep1, tab, v, prop;\n    JSObject *p, *sandcell_marked = NULL;\n",
    ),
    (
        "        v = js_array_includes(ctx, jsc->stack, 1, vc(&val));\n        if (JS_IsException(v))\n            goto exception;\n",
        "        v = JS_FALSE;\n        if (p->tmp_mark)\n            v = js_array_includes(ctx, jsc->stack, 1, vc(&val));\n"
        "        if (JS_IsException(v))\n            goto exception;\n",
    ),
    (
        "        v = js_array_push(ctx, jsc->stack, 1, vc(&val), 0);\n        if (check_exception_free(ctx, v))\n            goto exception;\n        ret = js_is_array(ctx, val);\n",
        "        v = js_array_push(ctx, jsc->stack, 1, vc(&val), 0);\n        if (check_exception_free(ctx, v))\n            goto exception;\n"
        "        if (!p->tmp_mark) {\n            p->tmp_mark = 1;\n            sandcell_marked = p;\n        }\n"
        "        ret = js_is_array(ctx, val);\n",
    ),
    (
        "        if (check_exception_free(ctx, js_array_pop(ctx, jsc->stack, 0, NULL, 0)))\n            goto exception;\n        JS_FreeValue(ctx, val);\n        JS_FreeValue(ctx, tab);\n",
        "        if (check_exception_free(ctx, js_array_pop(ctx, jsc->stack, 0, NULL, 0)))\n            goto exception;\n"
        "        if (sandcell_marked)\n            sandcell_marked->tmp_mark = 0;\n"
        "        JS_FreeValue(ctx, val);\n        JS_FreeValue(ctx, tab);\n",
    ),
    (
        "exception:\n    JS_FreeValue(ctx, val);\n    JS_FreeValue(ctx, tab);\n",
        "exception:\n    if (sandcell_marked)\n        sandcell_marked->tmp_mark = 0;\n    JS_FreeValue(ctx, val);\n    JS_FreeValue(ctx, tab);\n",
    ),
    # Arenas may be smaller than a page.
    (
        "static no_inline JSArena *arena_new(JSRuntime *rt, int block_size_idx)\n{\n",
        "static no_inline JSArena *arena_sized(JSRuntime *rt, int block_size_idx, int n_blocks)\n{\n",
    ),
    ("    JSArena *ar;\n    int n_blocks, block_size, i;\n", "    JSArena *ar;\n    int block_size, i;\n"),
    ("    n_blocks = (JS_ARENA_SIZE - sizeof(JSArena)) / block_size;\n", ""),
    (
        "    list_add(&ar->free_link, &rt->arena_state.free_arena_list[block_size_idx]);\n    return ar;\n}\n",
        "    list_add(&ar->free_link, &rt->arena_state.free_arena_list[block_size_idx]);\n    return ar;\n}\n\n"
        "static no_inline JSArena *arena_new(JSRuntime *rt, int block_size_idx)\n{\n"
        "    return arena_sized(rt, block_size_idx, (JS_ARENA_SIZE - sizeof(JSArena)) / arena_block_sizes[block_size_idx]);\n}\n",
    ),
    # An iterator whose values are promises is closed when one of them is rejected, or cannot be waited for.
    (
        "static JSValue js_async_from_sync_iterator_next(JSContext *ctx, JSValueConst this_val,\n",
        CLOSING + "static JSValue js_async_from_sync_iterator_next(JSContext *ctx, JSValueConst this_val,\n",
    ),
    (
        "        if (JS_IsException(value_wrapper_promise)) {\n            JS_FreeValue(ctx, value);\n            goto reject;\n",
        "        if (JS_IsException(value_wrapper_promise)) {\n            JS_FreeValue(ctx, value);\n"
        "            if (!done && magic != GEN_MAGIC_RETURN)\n                JS_IteratorClose(ctx, s->sync_iter, true);\n"
        "            goto reject;\n",
    ),
    (
        "        resolve_reject[1] = JS_UNDEFINED;\n\n        res = perform_promise_then(ctx, value_wrapper_promise,\n",
        "        resolve_reject[1] = JS_UNDEFINED;\n        if (!done && magic != GEN_MAGIC_RETURN)\n"
        "            resolve_reject[1] = JS_NewCFunctionData(ctx, sandcell_close_iterator, 1, 0, 1, vc(&s->sync_iter));\n"
        "        res = JS_IsException(resolve_reject[1]) ? -1 : perform_promise_then(ctx, value_wrapper_promise,\n",
    ),
    (
        "        JS_FreeValue(ctx, resolve_reject[0]);\n        JS_FreeValue(ctx, value_wrapper_promise);\n        JS_FreeValue(ctx, resolving_funcs[0]);\n",
        "        JS_FreeValue(ctx, resolve_reject[0]);\n        JS_FreeValue(ctx, resolve_reject[1]);\n"
        "        JS_FreeValue(ctx, value_wrapper_promise);\n        JS_FreeValue(ctx, resolving_funcs[0]);\n",
    ),
    # A later cell may declare a name again.
    (
        "        if (prs && !(prs->flags & JS_PROP_CONFIGURABLE))\n            goto fail_redeclaration;\n    } else {\n",
        "        /* the newer declaration hides the property */\n    } else {\n",
    ),
    (
        "    if (prs) {\n    fail_redeclaration:\n        JS_ThrowSyntaxErrorVarRedeclaration(ctx, prop);\n        return -1;\n    }\n    return 0;\n",
        "    if (prs && delete_property(ctx, p, prop) < 0)\n        return -1;\n    return 0;\n",
    ),
]


# Functions of the parser that every nesting comes through, the bytes of measured stack that each takes, which
# stand for the stack that WebAssembly uses unmeasured, and the first words of their bodies.
PARSERS = [
    ("js_parse_assign_expr2(JSParseState *s, int parse_flags)\n{\n", 2048),
    ("js_parse_unary(JSParseState *s, int parse_flags)\n{\n", 512),
    ("js_parse_postfix_expr(JSParseState *s, int parse_flags)\n{\n", 256),
    ("js_parse_statement_or_decl(JSParseState *s,\n                                                  int decl_mask)\n{\n", 1024),
    ("(JSParseState *s, bool is_class_expr,\n                                      JSParseExportEnum export_flag)\n{\n", 1024),
    (" bool allow_initializer,\n                                          bool export_flag)\n{\n", 512),
]


def deeper(place, size):
    """The parser's function with a part of the stack that is measured."""
    look = (
        f'    char sandcell_pad[{size}];\n    __asm__ volatile("" : : "r"(sandcell_pad) : "memory");\n'
        "    if (js_check_stack_overflow(s->ctx->rt, 0)) {\n        JS_ThrowStackOverflow(s->ctx);\n        return -1;\n    }\n"
    )
    return place, place + look


def main(source, target):
    text = pathlib.Path(source).read_text(encoding="utf-8")
    for old, new in EDITS + [deeper(place, size) for place, size in PARSERS]:
        if text.count(old) != 1:
            sys.exit(f"{source}: {old!r} is there {text.count(old)} times instead of once")
        text = text.replace(old, new)
    pathlib.Path(target).write_text(text + ADDED, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
