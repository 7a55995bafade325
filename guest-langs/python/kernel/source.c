/* From cell text to code objects and their values. */
#include "kernel.h"
#include <internal/pycore_ast.h>
#include <internal/pycore_compile.h>
#include <internal/pycore_parser.h>
#include <internal/pycore_pyarena.h>

/* The address just behind line `line` (from 1) column `column` (bytes), by the tokenizer's idea of a line end. */
static const char *position(const char *text, const char *end, int line, int column)
{
    while (line > 1 && text < end) {
        char character = *text++;
        if (character == '\r' && text < end && *text == '\n') {
            text++;
        }
        if (character == '\n' || character == '\r') {
            line--;
        }
    }
    return (end - text) < column ? end : text + column;
}

/* A semicolon behind the last expression keeps its value from being shown. */
static int ends_in_semicolon(const char *text, size_t length, stmt_ty statement)
{
    if (memchr(text, ';', length) == NULL) {
        return 0;
    }
    const char *end = text + length;
    const char *place = position(text, end, statement->end_lineno, statement->end_col_offset);
    while (place < end && (*place == ' ' || *place == '\t' || *place == '\f')) {
        place++;
    }
    return place < end && *place == ';';
}

/* Compile a cell in two parts, so that the value of its last expression comes back without any hook.
 * `text` ends in NUL behind `length` bytes of UTF-8. -1 with an exception set when it does not compile. */
int kernel_compile(const char *text, size_t length, PyObject *file_name, struct compiled_cell *cell)
{
    *cell = (struct compiled_cell){0};
    if (memchr(text, '\0', length) != NULL) {
        PyErr_SetString(PyExc_SyntaxError, "source code cannot contain null bytes");
        return -1;
    }
    PyArena *arena = _PyArena_New();
    if (arena == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_NoMemory();
        }
        return -1;
    }
    int outcome = -1;
    PyCompilerFlags flags = _PyCompilerFlags_INIT;
    flags.cf_flags = kernel.future_flags | PyCF_ALLOW_TOP_LEVEL_AWAIT | PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE;
    mod_ty module = _PyParser_ASTFromString(text, file_name, Py_file_input, &flags, arena);
    if (module == NULL) {
        goto done;
    }
    asdl_stmt_seq *body = module->v.Module.body;
    Py_ssize_t count = asdl_seq_LEN(body);
    mod_ty expression = NULL;
    if (count > 0) {
        stmt_ty last = asdl_seq_GET(body, count - 1);
        if (last->kind == Expr_kind) {
            cell->quiet = ends_in_semicolon(text, length, last);
            expression = _PyAST_Expression(last->v.Expr.value, arena);
            if (expression == NULL) {
                goto done;
            }
            body->size = --count;
        }
    }
    if (count > 0) {
        cell->body = (PyObject *)_PyAST_Compile(module, file_name, &flags, -1, arena);
        if (cell->body == NULL) {
            goto done;
        }
    }
    if (expression != NULL) {
        cell->expression = (PyObject *)_PyAST_Compile(expression, file_name, &flags, -1, arena);
        if (cell->expression == NULL) {
            Py_CLEAR(cell->body);
            goto done;
        }
    }
    kernel.future_flags = flags.cf_flags & PyCF_MASK;
    outcome = 0;
done:
    _PyArena_Free(arena);
    return outcome;
}

/* Run code in the user's namespace. Code with top-level await is a coroutine: the event loop runs it. */
PyObject *kernel_run_code(PyObject *code)
{
    PyObject *value = PyEval_EvalCode(code, kernel.globals, kernel.globals);
    if (value == NULL || !(((PyCodeObject *)code)->co_flags & CO_COROUTINE)) {
        return value;
    }
    PyObject *result = kernel_call_hook(HOOK_AWAIT, &value, 1);
    Py_DECREF(value);
    return result;
}
