/* Ints of one digit that are free, kept for the next ones.
 *
 * Put into CPython's longobject.c by pack/patch.py; what CPython does by itself from
 * 3.14 on. The list is emptied with those of floats and tuples, by a full collection.
 */
#define MOST_FREE_INTS 100

static PyLongObject *free_ints;
static int free_ints_count;

static void long_dealloc(PyObject *self);

static inline PyLongObject *sandcell_take_int(void)
{
    PyLongObject *number = free_ints;
    if (number == NULL) {
        return PyObject_Malloc(sizeof(PyLongObject));
    }
    /* A free int keeps the next one where its type will be. */
    free_ints = (PyLongObject *)number->ob_base.ob_type;
    free_ints_count--;
    return number;
}

/* Frees an int that is of no type derived from it. */
void _PyLong_ExactDealloc(PyObject *object)
{
    PyLongObject *number = (PyLongObject *)object;
    bool compact = _PyLong_IsCompact(number);
    if (compact && IS_SMALL_INT(_PyLong_CompactValue(number))) {
        /* It may be one of those that all share. */
        long_dealloc(object);
        return;
    }
    if (!compact || free_ints_count >= MOST_FREE_INTS) {
        PyObject_Free(object);
        return;
    }
    number->ob_base.ob_type = (PyTypeObject *)free_ints;
    free_ints = number;
    free_ints_count++;
}

void _PyLong_ClearFreeList(void)
{
    while (free_ints != NULL) {
        PyLongObject *number = free_ints;
        free_ints = (PyLongObject *)number->ob_base.ob_type;
        PyObject_Free(number);
    }
    free_ints_count = 0;
}
