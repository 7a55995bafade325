/* Appending to a string in its place: a part of the patched engine, see guest-langs/javascript/patches.md.
   patch.py puts it before the engine's own concatenation. */

/* sandcell: append a string to one that nobody else holds, in its place. false: it cannot be. */
static bool sandcell_append(JSContext *ctx, JSValue *held, JSValueConst added)
{
    if (JS_VALUE_GET_TAG(added) != JS_TAG_STRING)
        return false;
    JSStringRope *rope = NULL;
    if (JS_VALUE_GET_TAG(*held) == JS_TAG_STRING_ROPE) {
        rope = JS_VALUE_GET_STRING_ROPE(*held);
        held = &rope->right;
    }
    JSString *p2 = JS_VALUE_GET_STRING(added);
    if (JS_VALUE_GET_TAG(*held) != JS_TAG_STRING || (rope && JS_REF_COUNT(rope) != 1) ||
        (rope && rope->len + p2->len > JS_STRING_LEN_MAX))
        return false;
    JSString *p1 = JS_VALUE_GET_STRING(*held);
    if (JS_REF_COUNT(p1) != 1 || p1->atom_type || p1->kind != JS_STRING_KIND_NORMAL || p1->is_wide_char < p2->is_wide_char ||
        p1->len + p2->len > JS_STRING_ROPE_SHORT2_LEN)
        return false;
    uint32_t wide = p1->is_wide_char, len = p1->len + p2->len;
    size_t size = sizeof(*p1) + ((size_t)len << wide) + 1 - wide;
    if (js_malloc_usable_size(ctx, p1) < size) {
        /* a quarter more: what is appended to is appended to again */
        p1 = js_realloc_rt(ctx->rt, p1, size + (size_t)(len >> 2 << wide));
        if (!p1)
            return false;
        *held = JS_MKPTR(JS_TAG_STRING, p1);
    }
    if (wide) {
        copy_str16(str16(p1) + p1->len, p2, 0, p2->len);
    } else {
        memcpy(str8(p1) + p1->len, str8(p2), p2->len);
        str8(p1)[len] = '\0';
    }
    p1->len = len;
    if (rope)
        rope->len += p2->len;
    return true;
}

static inline JSShapeProperty *find_own_property(JSProperty **ppr, JSObject *p, JSAtom atom);

/* sandcell: where the instruction at `pc` puts the value that is on the stack, or NULL */
static JSValue *sandcell_put_place(JSContext *ctx, const uint8_t *pc, JSValue *var_buf, JSVarRef **var_refs)
{
    JSProperty *property;
    JSShapeProperty *shape;

    if (*pc == OP_dup)
        pc++;
    switch (*pc) {
    case OP_put_loc:
    case OP_set_loc:
    case OP_put_loc_check:
        return &var_buf[get_u16(pc + 1)];
    case OP_put_loc8:
    case OP_set_loc8:
        return &var_buf[pc[1]];
    case OP_put_loc0:
    case OP_put_loc1:
    case OP_put_loc2:
    case OP_put_loc3:
        return &var_buf[*pc - OP_put_loc0];
    case OP_set_loc0:
    case OP_set_loc1:
    case OP_set_loc2:
    case OP_set_loc3:
        return &var_buf[*pc - OP_set_loc0];
    case OP_put_var_ref:
    case OP_set_var_ref:
    case OP_put_var_ref_check:
        return var_refs[get_u16(pc + 1)]->pvalue;
    case OP_put_var_ref0:
    case OP_put_var_ref1:
    case OP_put_var_ref2:
    case OP_put_var_ref3:
        return var_refs[*pc - OP_put_var_ref0]->pvalue;
    case OP_put_var:
        shape = find_own_property(&property, JS_VALUE_GET_OBJ(ctx->global_var_obj), get_u32(pc + 1));
        return shape && (shape->flags & (JS_PROP_TMASK | JS_PROP_WRITABLE)) == JS_PROP_WRITABLE ? &property->u.value : NULL;
    default:
        return NULL;
    }
}

/* sandcell: `text + more` where the sum is put into the variable that `text` came from, which alone holds it: it is
   appended to in its place. */
static no_inline bool sandcell_append_ahead(JSContext *ctx, const uint8_t *pc, JSValue *var_buf, JSVarRef **var_refs, JSValue *sp)
{
    void *text = JS_VALUE_GET_PTR(sp[-2]);
    if (JS_REF_COUNT(text) != 2)
        return false;
    JSValue *place = sandcell_put_place(ctx, pc, var_buf, var_refs);
    if (!place || JS_VALUE_GET_TAG(*place) != JS_VALUE_GET_TAG(sp[-2]) || JS_VALUE_GET_PTR(*place) != text)
        return false;
    JSValue more = JS_IsNumber(sp[-1]) ? JS_ToString(ctx, sp[-1]) : js_dup(sp[-1]);
    if (JS_IsException(more)) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return false;
    }
    JS_REF_COUNT(text)--;
    bool done = sandcell_append(ctx, place, more);
    JS_FreeValue(ctx, more);
    if (done) {
        JS_FreeValue(ctx, sp[-1]);
        sp[-2] = js_dup(*place);
    } else {
        JS_REF_COUNT(text)++;
    }
    return done;
}

