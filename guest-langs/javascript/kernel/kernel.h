/* What the C files of the kernel share. See README.md for what each file is.
 *
 * All state lives in linear memory, so a copy of the memory is a copy of the guest.
 */
#ifndef SANDCELL_KERNEL_H
#define SANDCELL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

/* ---- the host's side (module "sandcell"), see docs/guest-abi.md ---- */
#define HOST_IMPORT(name) __attribute__((import_module("sandcell"), import_name(#name)))
#define GUEST_EXPORT(name) __attribute__((export_name(#name), used))

HOST_IMPORT(emit) int32_t sandcell_emit(int32_t kind, const void *address, int32_t length);
HOST_IMPORT(call) int64_t sandcell_call(const void *address, int32_t length);
HOST_IMPORT(wait) int32_t sandcell_wait(int64_t timeout_nanoseconds);
HOST_IMPORT(rest) int32_t sandcell_rest(int64_t timeout_nanoseconds);
HOST_IMPORT(take) int32_t sandcell_take(void *address, int32_t length);

/* ---- what is added to the engine, see patches.md ---- */
void sandcell_freeze_heap(JSRuntime *runtime);
int sandcell_first_arenas(JSRuntime *runtime);
void sandcell_drop_jobs(JSRuntime *runtime);
JSValue sandcell_named_keys(JSContext *context, JSValueConst object, int enumerable);
JSValue sandcell_index_keys(JSContext *context, JSValueConst array, uint32_t limit);
void sandcell_seed(JSContext *context, uint64_t seed);
extern int sandcell_hide_kernel;

enum frame_kind {
    FRAME_STDOUT = 1,
    FRAME_STDERR = 2,
    FRAME_RESULT = 3,
    FRAME_DISPLAY = 4,
    FRAME_UPDATE = 5,
    FRAME_CLEAR = 6,
    FRAME_ERROR = 7,
};

enum cell_status {
    CELL_FINISHED = 0,
    CELL_RAISED = 1,
    CELL_INTERRUPTED = 2,
    CELL_KERNEL_FAILED = 3,
    CELL_RESTING = 4,
};

/* What the source of a cell may be; the numbers are those of options.js. */
enum source_kind {
    SOURCE_CELL = 0,       /* JavaScript, or TypeScript where it is no JavaScript */
    SOURCE_JAVASCRIPT = 1, /* JavaScript only */
    SOURCE_TYPESCRIPT = 2,
    SOURCE_STRICT = 3,     /* JavaScript of a module: strict */
};

/* Functions of the JavaScript half that C calls; the order is that of hook_names in boot.c. */
enum kernel_hook {
    HOOK_BEGIN,    /* begin(options) -> {fileName, kind, silent}: apply the options of a cell */
    HOOK_END,      /* end(): take them back */
    HOOK_REWRITE,  /* rewrite(source, name, typescript) -> source: types, imports and exports */
    HOOK_REPORT,   /* report(error, name, source): emit the error frame; true if it is no error */
    HOOK_SHOW,     /* show(value): emit the result frame */
    HOOK_TURN,     /* turn() -> ms | -1 | -2: run what is due; how long to wait, for ever, or done */
    HOOK_COMPLETE, /* complete(text): a host call has ended */
    HOOK_ABANDON,  /* abandon(): forget timers and calls of a cell that failed */
    HOOK_RENEW,    /* renew(order): host functions, environment, folder */
    HOOK_RESOLVE,  /* resolve(base, name) -> name of a module */
    HOOK_LOAD,     /* load(name) -> source | {names, value} */
    HOOK_META,     /* meta(object, name): fill import.meta */
    HOOK_PROGRAM,  /* program(arguments, environment) -> {source, fileName, kind, silent}: what to run */
    HOOK_FINISH,   /* finish(status) -> exit status of a program */
    HOOK_COUNT,
};

struct kernel {
    JSRuntime *runtime;
    JSContext *context;
    JSValue hooks[HOOK_COUNT];
    char *buffer;           /* where orders come in */
    size_t buffer_size;
    int32_t cell_number;
    int32_t work;           /* timers and calls under way, as the JavaScript half counts them */
    bool discarding;        /* warming up: frames are thrown away */
    bool out_of_memory;     /* an allocation failed in this cell */
    bool program;           /* it runs as a program: its streams are descriptors */
};

extern struct kernel kernel;

/* stop.c */
extern volatile uint64_t sandcell_stop;
bool kernel_interrupted(void);
void kernel_clear_interrupt(void);
int kernel_on_poll(JSContext *context, void *unused);

/* channel.c */
int kernel_emit(enum frame_kind kind, const char *data, size_t length);
int kernel_emit_error(const char *name, const char *text);
extern const JSCFunctionListEntry kernel_channel_functions[];
extern const int kernel_channel_count;

/* values.c */
extern const JSCFunctionListEntry kernel_value_functions[];
extern const int kernel_value_count;

/* files.c */
extern const JSCFunctionListEntry kernel_file_functions[];
extern const int kernel_file_count;
char *kernel_read_file(const char *path, size_t *length);

/* children.c */
extern const JSCFunctionListEntry kernel_child_functions[];
extern const int kernel_child_count;

/* modules.c */
char *kernel_resolve_module(JSContext *context, const char *base, const char *name, void *unused);
JSModuleDef *kernel_load_module(JSContext *context, const char *name, void *unused);

/* What a cell is and how it is named. */
struct cell {
    char *name;
    enum source_kind kind;
    bool silent;
    /* The text, when it could not be compiled: a syntax error shows its line. */
    const char *source;
    size_t length;
};

/* source.c */
JSValue kernel_compile(const char *source, size_t length, const struct cell *cell);

/* rejections.c */
void kernel_forget_rejections(void);
/* The reason of the first rejection that is not that of `except`; JS_UNINITIALIZED when there is none. */
JSValue kernel_take_rejection(JSValueConst except);

/* cell.c */
void kernel_abandon_cell(void);
int kernel_run_cell(const char *source, size_t length, JSValueConst options);
int kernel_run_plan(JSValueConst plan);
void kernel_on_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, bool handled, void *unused);

/* hooks.c */
JSValue kernel_call_hook(enum kernel_hook hook, int count, JSValue *arguments);

/* holes.c */
void kernel_fill_holes(void);
bool kernel_open_holes(size_t wanted);

/* reserve.c */
void kernel_hold_reserve(void);
void kernel_release_reserve(void);

#endif
