/* Objects freed by the evaluation loop, and floats made in it, without going through
 * tables of types.
 *
 * Put into CPython's ceval.c by pack/patch.py. Floats: what PyFloat_FromDouble
 * and _PyFloat_ExactDealloc do as long as the list of free floats serves; they are
 * called when it does not or when somebody traces references.
 */
#include "pycore_freelist.h"
#include "pycore_long.h"
#include "pycore_unicodeobject.h"

static inline __attribute__((always_inline)) PyObject *sandcell_float(double value)
{
    struct _Py_float_freelist *list = &_Py_object_freelists_GET()->floats;
    PyFloatObject *number = list->items;
    if (__builtin_expect(number == NULL || _PyRuntime.ref_tracer.tracer_func != NULL, 0)) {
        return PyFloat_FromDouble(value);
    }
    /* A free float keeps the next one where its type will be. */
    list->items = (PyFloatObject *)Py_TYPE(number);
    list->numfree--;
    number->ob_base.ob_refcnt = 1;
    number->ob_base.ob_type = &PyFloat_Type;
    number->ob_fval = value;
    return (PyObject *)number;
}

static inline __attribute__((always_inline)) void sandcell_free_float(PyObject *object)
{
    struct _Py_float_freelist *list = &_Py_object_freelists_GET()->floats;
    /* Negative once the list has been closed for good. */
    if (__builtin_expect((unsigned)list->numfree >= PyFloat_MAXFREELIST, 0)) {
        _PyFloat_ExactDealloc(object);
        return;
    }
    list->numfree++;
    Py_SET_TYPE(object, (PyTypeObject *)list->items);
    list->items = (PyFloatObject *)object;
}

/* A function of its own: the loop frees objects at hundreds of places. */
static __attribute__((noinline)) void sandcell_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyFloat_Type) {
        sandcell_free_float(object);
    }
    else if (type == &PyLong_Type) {
        _PyLong_ExactDealloc(object);
    }
    else if (type == &PyUnicode_Type) {
        _PyUnicode_ExactDealloc(object);
    }
    else {
        type->tp_dealloc(object);
    }
}

#define PyFloat_FromDouble sandcell_float
#define _PyFloat_ExactDealloc sandcell_free_float
