/* Making a booted interpreter cheap to share. Every sandbox maps the pages of the image and gets a copy of a page
 * when it writes to it, so a cell should write to few pages of the image:
 *
 * - All objects that are alive become immortal: CPython then leaves their reference counts alone. They would
 *   never be freed anyway: gc.freeze() keeps them from the collector, and their memory belongs to the image.
 * - The holes that boot left in the heap are filled. Else the objects of a cell would be strewn over them, a page
 *   for each; so they lie side by side.
 */
#include "kernel.h"
#include <internal/pycore_code.h>
#include <internal/pycore_gc.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_object.h>
#include <internal/pycore_obmalloc.h>
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

/* ---- holes ---- */

/* Free chunks of the C heap that are at least so large are left as they are. */
#define LARGE_CHUNK (1024 * 1024)
#define SMALLEST_CHUNK 272
#define CHUNK_STEP 16

/* Fill the free blocks of all pools in use, so that the next object of each size opens a new pool. The blocks are
 * never freed. Returns the bytes filled. */
static size_t fill_pools(void)
{
    size_t filled = 0;
    for (size_t size = ALIGNMENT; size <= SMALL_REQUEST_THRESHOLD; size += ALIGNMENT) {
        for (;;) {
            void *block = PyObject_Malloc(size);
            if (block == NULL) {
                break;
            }
            if (((poolp)_Py_ALIGN_DOWN(block, POOL_SIZE))->ref.count == 1) {
                PyObject_Free(block); /* the first block of a new pool: this size has no hole left */
                break;
            }
            filled += size;
        }
    }
    return filled;
}

/* Fill the small free chunks of the C heap; what is large, or above all that was ever in use, stays free. */
static size_t fill_chunks(void)
{
    struct chunk { struct chunk *next; } *large = NULL;
    uintptr_t highest = 0;
    size_t filled = 0;
#ifdef __wasm__
    /* large chunks are put aside meanwhile; they are gone when memory has to grow for another one */
    for (;;) {
        size_t pages = __builtin_wasm_memory_size(0);
        struct chunk *chunk = PyMem_RawMalloc(LARGE_CHUNK);
        if (chunk == NULL) {
            break;
        }
        chunk->next = large;
        large = chunk;
        if (__builtin_wasm_memory_size(0) != pages) {
            highest = (uintptr_t)chunk;
            break;
        }
    }
    for (size_t size = LARGE_CHUNK - CHUNK_STEP; size >= SMALLEST_CHUNK; size -= CHUNK_STEP) {
        for (;;) {
            void *chunk = PyMem_RawMalloc(size);
            if (chunk == NULL) {
                break;
            }
            if ((uintptr_t)chunk > highest) {
                PyMem_RawFree(chunk);
                break;
            }
            filled += size;
        }
    }
#endif
    while (large != NULL) {
        struct chunk *next = large->next;
        PyMem_RawFree(large);
        large = next;
    }
    return filled;
}

void kernel_fill_holes(void)
{
    size_t pools = fill_pools();
    size_t chunks = fill_chunks();
    fprintf(stderr, "holes filled: %zu KiB of objects, %zu KiB of memory\n", pools / 1024, chunks / 1024);
}
