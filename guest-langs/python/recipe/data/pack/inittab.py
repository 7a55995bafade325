"""inittab.py FILE...: the C function that tells the interpreter of the modules named in the files.

A line is a module and how many constructors of static objects it has (localize.py): they run before its start, as
they do when a shared library is loaded."""

import sys

modules = []
for path in sys.argv[1:]:
    with open(path, encoding="ascii") as file:
        modules += [(line.split()[0], int(line.split()[1])) for line in file]

print('#include "kernel.h"')
for module, constructors in modules:
    unique = module.replace(".", "_")
    print(f"extern PyObject *PyInit_{unique}(void);")
    if not constructors:
        continue
    for number in range(constructors):
        print(f"extern void sandcell_construct_{unique}_{number}(void);")
    print(f"static PyObject *start_{unique}(void)\n{{\n    static int constructed;\n    if (!constructed) {{")
    print("        constructed = 1;")
    for number in range(constructors):
        print(f"        sandcell_construct_{unique}_{number}();")
    print(f"    }}\n    return PyInit_{unique}();\n}}")
print("void kernel_register_builtins(void)\n{")
for module, constructors in modules:
    start = ("start_" if constructors else "PyInit_") + module.replace(".", "_")
    print(f'    PyImport_AppendInittab("{module}", {start});')
print("}")
