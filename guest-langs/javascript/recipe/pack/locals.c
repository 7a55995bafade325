/* Looks at `let` that cannot fail: a part of the patched engine, see guest-langs/javascript/patches.md.
   patch.py puts it before the last pass of the engine's compiler.

   Each use of a `let` or `const` looks whether it is initialized, and no instruction that joins others (`add_loc`,
   `inc_loc`, `get_loc0`) does that look. Where all ways to a use come by the initialization, or by another look, it
   is an ordinary local. */

#define SANDCELL_LOCALS 64 /* as many as a set has bits; others are left as they are */

typedef struct {
    JSFunctionDef *function;
    uint8_t *number;  /* of each local: its bit in a set, plus one; 0: it has none */
    uint64_t *labels; /* what is initialized at each label on all ways that were seen; at first everything */
    bool changed;
} SandcellLocals;

static uint64_t sandcell_bit(const SandcellLocals *l, const uint8_t *code)
{
    int number = l->number[get_u16(code + 1)];
    return number ? (uint64_t)1 << (number - 1) : 0;
}

static uint64_t sandcell_join(SandcellLocals *l, uint32_t label, uint64_t known)
{
    known &= l->labels[label];
    l->changed |= known != l->labels[label];
    return l->labels[label] = known;
}

/* Follow the code once. A handler of exceptions knows what was known before its block: what the block's own scopes
   declare has no name there. Behind what does not go on, everything is known until the next label. */
static void sandcell_follow(SandcellLocals *l, bool rewrite)
{
    uint8_t *code = l->function->byte_code.buf, *end = code + l->function->byte_code.size;
    uint64_t known = 0;

    for (; code < end; code += opcode_info[*code].size) {
        switch (*code) {
        case OP_label:
            known = sandcell_join(l, get_u32(code + 1), known);
            break;
        case OP_if_false:
        case OP_if_true:
        case OP_catch:
        case OP_gosub:
            sandcell_join(l, get_u32(code + 1), known);
            break;
        case OP_with_get_var:
        case OP_with_put_var:
        case OP_with_delete_var:
        case OP_with_make_ref:
        case OP_with_get_ref:
        case OP_with_get_ref_undef:
            sandcell_join(l, get_u32(code + 5), known);
            break;
        case OP_goto:
            sandcell_join(l, get_u32(code + 1), known);
            known = UINT64_MAX;
            break;
        case OP_ret:
        case OP_return:
        case OP_return_undef:
        case OP_return_async:
        case OP_throw:
        case OP_throw_error:
        case OP_tail_call:
        case OP_tail_call_method:
            known = UINT64_MAX;
            break;
        case OP_set_loc_uninitialized:
            known &= ~sandcell_bit(l, code);
            break;
        case OP_get_loc_check:
        case OP_put_loc_check:
            if (rewrite && known & sandcell_bit(l, code))
                *code = *code == OP_get_loc_check ? OP_get_loc : OP_put_loc;
            known |= sandcell_bit(l, code);
            break;
        case OP_put_loc:
        case OP_set_loc:
            known |= sandcell_bit(l, code);
            break;
        }
    }
}

static void sandcell_known_locals(JSContext *ctx, JSFunctionDef *s)
{
    SandcellLocals l = {.function = s};
    int tracked = 0;

    l.number = js_malloc_rt(ctx->rt, s->var_count + 1);
    l.labels = js_malloc_rt(ctx->rt, (s->label_count + 1) * sizeof *l.labels);
    if (l.number && l.labels) {
        memset(l.number, 0, s->var_count + 1);
        memset(l.labels, 0xff, (s->label_count + 1) * sizeof *l.labels);
        uint8_t *code = s->byte_code.buf, *end = code + s->byte_code.size;
        for (; code < end && tracked < SANDCELL_LOCALS; code += opcode_info[*code].size)
            if ((*code == OP_get_loc_check || *code == OP_put_loc_check) && !l.number[get_u16(code + 1)])
                l.number[get_u16(code + 1)] = ++tracked;
        /* Loops need a second round, loops in loops seldom a third. */
        l.changed = tracked > 0;
        for (int round = 0; l.changed && round < 8; round++) {
            l.changed = false;
            sandcell_follow(&l, false);
        }
        if (tracked > 0 && !l.changed)
            sandcell_follow(&l, true);
    }
    js_free_rt(ctx->rt, l.number);
    js_free_rt(ctx->rt, l.labels);
}

