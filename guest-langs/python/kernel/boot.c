/* Starting the interpreter: the export `sandcell_boot`, called once, when an image is built. */
#include "kernel.h"
#include <stddef.h>

#define PREFIX L"/usr"
#define LIBRARY L"/usr/lib/python3.13"
#define PACKAGES L"/usr/lib/python3.13/site-packages"
#define KERNEL L"/usr/lib/sandcell"

/* Extension modules of packages that are linked into this guest, if any, are registered by this function. */
extern void kernel_register_builtins(void) __attribute__((weak));

static int failed(const char *stage, PyStatus status)
{
    fprintf(stderr, "sandcell_boot: %s: %s: %s\n", stage, status.func ? status.func : "python",
            status.err_msg ? status.err_msg : "no reason given");
    return 1;
}

/* As an isolated interpreter in UTF-8 mode, without site, with the handler of SIGINT. */
static PyStatus configure(PyConfig *config)
{
    static const struct { size_t offset; const wchar_t *value; } texts[] = {
        {offsetof(PyConfig, program_name), L"python3"},
        {offsetof(PyConfig, executable), L"/usr/bin/python3"},
        {offsetof(PyConfig, base_executable), L"/usr/bin/python3"},
        {offsetof(PyConfig, prefix), PREFIX},
        {offsetof(PyConfig, base_prefix), PREFIX},
        {offsetof(PyConfig, exec_prefix), PREFIX},
        {offsetof(PyConfig, base_exec_prefix), PREFIX},
        {offsetof(PyConfig, stdlib_dir), LIBRARY},
    };
    static const wchar_t *const paths[] = {LIBRARY, PACKAGES, KERNEL};

    PyConfig_InitIsolatedConfig(config);
    config->site_import = 0;
    config->write_bytecode = 0;
    config->install_signal_handlers = 1;
    config->pathconfig_warnings = 0;
    config->module_search_paths_set = 1;
    PyStatus status = PyStatus_Ok();
    for (size_t index = 0; index < Py_ARRAY_LENGTH(texts) && !PyStatus_Exception(status); index++) {
        wchar_t **field = (wchar_t **)((char *)config + texts[index].offset);
        status = PyConfig_SetString(config, field, texts[index].value);
    }
    for (size_t index = 0; index < Py_ARRAY_LENGTH(paths) && !PyStatus_Exception(status); index++) {
        status = PyWideStringList_Append(&config->module_search_paths, paths[index]);
    }
    return status;
}

static int start_interpreter(void)
{
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    /* That of characters, as in any interpreter: functions of C that make text are told to make UTF-8. */
    before.configure_locale = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        return failed("pre-initialization", status);
    }
    if (kernel_register_builtins) {
        kernel_register_builtins();
    }
    if (PyImport_AppendInittab("_sandcell", PyInit__sandcell) < 0) {
        fputs("sandcell_boot: no memory for the table of modules\n", stderr);
        return 1;
    }
    PyConfig config;
    status = configure(&config);
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        return failed("initialization", status);
    }
    return 0;
}

/* The objects that exist before the Python half is loaded. */
static int find_namespace(void)
{
    kernel.main_module = Py_XNewRef(PyImport_AddModule("__main__"));
    kernel.modules = Py_XNewRef(PyImport_GetModuleDict());
    if (kernel.main_module == NULL || kernel.modules == NULL) {
        return -1;
    }
    kernel.globals = Py_NewRef(PyModule_GetDict(kernel.main_module));
    return 0;
}

/* The last thing before the image is taken: nothing of what exists is garbage, and nothing will be. */
static int freeze(void)
{
    PyGC_Collect();
    if (kernel_freeze_objects() < 0) {
        return -1;
    }
    PyObject *collector = PyImport_ImportModule("gc");
    PyObject *done = collector == NULL ? NULL : PyObject_CallMethod(collector, "freeze", NULL);
    Py_XDECREF(collector);
    Py_XDECREF(done);
    kernel_fill_holes();
    kernel_hold_reserve();
    return done == NULL ? -1 : 0;
}

GUEST_EXPORT(sandcell_boot) int32_t sandcell_boot(void)
{
    if (kernel.globals != NULL) {
        fputs("sandcell_boot: booted already\n", stderr);
        return 1;
    }
    if (start_interpreter() != 0) {
        return 1;
    }
    PyObject *boot = find_namespace() < 0 ? NULL : PyImport_ImportModule("sandcell_kernel");
    PyObject *done = boot == NULL ? NULL : PyObject_CallMethod(boot, "boot", NULL);
    Py_XDECREF(boot);
    if (done == NULL) {
        PyErr_Print();
        fputs("sandcell_boot: the kernel did not start\n", stderr);
        return 1;
    }
    Py_DECREF(done);
    if (freeze() < 0) {
        PyErr_Print();
        fputs("sandcell_boot: the objects could not be frozen\n", stderr);
        return 1;
    }
    return 0;
}
