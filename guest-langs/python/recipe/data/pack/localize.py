"""localize.py IN OUT MODULE: hide the symbols of the relocatable object of an extension module.

What a shared library does with its visibility, and no tool does for this format: every symbol that the object
defines becomes local. So modules that bring the same names, with other contents or even other types, can be
linked into one guest. Two kinds get names of their own in the guest instead:

    PyInit_NAME              -> PyInit_ and the whole name of the module
    constructors of statics  -> sandcell_construct_ and the whole name of the module, _0 _1 ...

and the constructors are no longer run when the guest starts, before there is an interpreter, but by whoever
imports the module. Prints how many there are."""

import sys

CUSTOM_SECTION = 0
LINKING = b"linking"
NAMES = b"name"  # for debuggers; the linker takes it amiss when a function has two
CONSTRUCTORS = 6
SYMBOL_TABLE = 8
COMDATS = 7
FUNCTION, DATA, GLOBAL, SECTION, TAG, TABLE = range(6)
BINDING_WEAK, BINDING_LOCAL, HIDDEN, UNDEFINED, EXPLICIT_NAME = 0x01, 0x02, 0x04, 0x10, 0x40


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def byte(self):
        self.place += 1
        return self.data[self.place - 1]

    def number(self):
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    def take(self, length):
        self.place += length
        return self.data[self.place - length : self.place]

    def text(self):
        return self.take(self.number())

    def ended(self):
        return self.place >= len(self.data)


def number(value):
    encoded = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        encoded.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


def symbol(reader, new_name):
    """One entry of the symbol table: made local, or renamed by ``new_name(old name)``."""
    kind, flags = reader.byte(), reader.number()
    start, undefined = reader.place, flags & UNDEFINED
    if kind == SECTION:
        reader.number()
    elif kind == DATA:
        reader.text()
        if not undefined:
            for _index_offset_size in range(3):
                reader.number()
    else:
        reader.number()
        if not undefined or flags & EXPLICIT_NAME:
            place = reader.place
            new = new_name(reader.text())
            if not undefined and new is not None:
                flags &= ~(BINDING_WEAK | BINDING_LOCAL)
                return bytes([kind]) + number(flags) + reader.data[start:place] + number(len(new)) + new
    rest = reader.data[start : reader.place]
    if not undefined and kind != SECTION:
        flags = flags & ~(BINDING_WEAK | HIDDEN) | BINDING_LOCAL
    return bytes([kind]) + number(flags) + rest


def constructors(body):
    """Indices of the symbols of constructors, in the order in which they are to run."""
    entries = [(body.number(), place, body.number()) for place in range(body.number())]
    return [symbol for _priority, _place, symbol in sorted(entries)]


def linking(reader, module):
    """The linking section, changed, and how many constructors there are. Groups of which
    one is to be taken are left out: none of their members can be taken from elsewhere."""
    version = reader.number()
    parts = []
    while not reader.ended():
        kind = reader.byte()
        parts.append((kind, reader.text()))
    found = [symbol for kind, body in parts if kind == CONSTRUCTORS for symbol in constructors(Reader(body))]
    unique = module.replace(".", "_").encode()
    start = b"PyInit_" + module.rpartition(".")[2].encode()
    started = False

    def new_name(index, old):
        nonlocal started
        if index in found:
            return b"sandcell_construct_%s_%d" % (unique, found.index(index))
        if old == start:
            started = True
            return b"PyInit_" + unique
        return None

    changed = number(version)
    for kind, data in parts:
        if kind in (COMDATS, CONSTRUCTORS):
            continue
        if kind == SYMBOL_TABLE:
            body = Reader(data)
            count = body.number()
            data = number(count)
            for index in range(count):
                data += symbol(body, lambda old, index=index: new_name(index, old))
        changed += bytes([kind]) + number(len(data)) + data
    if not started:
        sys.exit(f"{module}: the object has no {start.decode()}")
    return changed, len(found)


def main(source, target, module):
    with open(source, "rb") as file:
        reader = Reader(file.read())
    changed = bytearray(reader.take(8))
    count = 0
    while not reader.ended():
        section, body = reader.byte(), reader.text()
        if section == CUSTOM_SECTION:
            inside = Reader(body)
            name = inside.text()
            if name == NAMES:
                continue
            if name == LINKING:
                content, count = linking(inside, module)
                body = number(len(name)) + name + content
        changed += bytes([section]) + number(len(body)) + body
    with open(target, "wb") as file:
        file.write(changed)
    print(count)


main(*sys.argv[1:])
