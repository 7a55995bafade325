/* Making a booted interpreter cheap to share: what exists at boot is never written to for counting's sake.
 *
 * Every sandbox maps the pages of the image and gets a copy of a page when it writes to it. Reference counts
 * are the commonest writes by far, so all objects that are alive when the image is frozen become immortal:
 * CPython then leaves their counts alone. They would never be freed anyway: gc.freeze() keeps them from the
 * collector, and what a cell could let go of is shared with all other sandboxes.
 */
#include "kernel.h"
#include <internal/pycore_code.h>
#include <internal/pycore_gc.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_object.h>
#include <internal/pycore_pystate.h>
#include <internal/pycore_unicodeobject.h>

/* Objects whose members are still to be visited. */
struct worklist {
    PyObject **objects;
    size_t length;
    size_t capacity;
    int failed;
};

static void push(struct worklist *list, PyObject *object)
{
    if (list->length == list->capacity) {
        size_t capacity = list->capacity == 0 ? 1 << 16 : 2 * list->capacity;
        PyObject **objects = PyMem_RawRealloc(list->objects, capacity * sizeof *objects);
        if (objects == NULL) {
            list->failed = 1;
            return;
        }
        list->objects = objects;
        list->capacity = capacity;
    }
    list->objects[list->length++] = object;
}

static void immortalize(PyObject *object)
{
    if (PyUnicode_CheckExact(object) && PyUnicode_CHECK_INTERNED(object) == SSTATE_INTERNED_MORTAL) {
        _PyASCIIObject_CAST(object)->state.interned = SSTATE_INTERNED_IMMORTAL;
    }
    object->ob_refcnt = _Py_IMMORTAL_REFCNT;
}

/* A frame or a generator ends one day, and must then let go of what it holds. */
static int is_passing(PyObject *object)
{
    return PyFrame_Check(object) || PyGen_CheckExact(object) || PyCoro_CheckExact(object) ||
           PyAsyncGen_CheckExact(object) || PyTraceBack_Check(object);
}

/* tp_traverse's visitor: members that the collector does not track are found only through their owners. */
static int visit_member(PyObject *member, void *argument)
{
    if (member == NULL || _Py_IsImmortal(member) || is_passing(member)) {
        return 0;
    }
    if (PyObject_IS_GC(member) && _PyObject_GC_IS_TRACKED(member)) {
        return 0; /* has its own turn */
    }
    immortalize(member);
    push(argument, member);
    return 0;
}

static int visit_tracked(PyObject *object, void *argument)
{
    struct worklist *list = argument;
    if (!is_passing(object)) {
        push(list, object);
    }
    return !list->failed;
}

/* A code object has members, but no tp_traverse. */
static void visit_code(PyCodeObject *code, struct worklist *list)
{
    PyObject *members[] = {
        code->co_consts, code->co_names, code->co_exceptiontable, code->co_localsplusnames, code->co_localspluskinds,
        code->co_filename, code->co_name, code->co_qualname, code->co_linetable,
    };
    for (size_t index = 0; index < Py_ARRAY_LENGTH(members); index++) {
        visit_member(members[index], list);
    }
}

static void visit_members(PyObject *object, struct worklist *list)
{
    if (PyCode_Check(object)) {
        visit_code((PyCodeObject *)object, list);
    }
    else if (Py_TYPE(object)->tp_traverse != NULL && PyObject_IS_GC(object)) {
        (void)Py_TYPE(object)->tp_traverse(object, visit_member, list);
    }
}

/* Make all objects that are alive immortal. The caller has collected garbage and runs no Python code.
 * -1 with an exception set when there is no memory. */
int kernel_freeze_objects(void)
{
    struct worklist list = {0};
    PyUnstable_GC_VisitObjects(visit_tracked, &list);
    /* strings that only C holds, such as the names of methods, are all interned */
    PyObject *interned = _Py_INTERP_CACHED_OBJECT(PyInterpreterState_Get(), interned_strings);
    Py_ssize_t place = 0;
    PyObject *key, *value;
    while (interned != NULL && PyDict_Next(interned, &place, &key, &value)) {
        immortalize(key);
    }
    for (size_t index = 0; index < list.length && !list.failed; index++) {
        PyObject *object = list.objects[index];
        immortalize(object);
        visit_members(object, &list);
    }
    PyMem_RawFree(list.objects);
    if (list.failed) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
