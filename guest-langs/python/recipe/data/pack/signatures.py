"""signatures.py LOG: judge the casts of functions that the compiler told of.

On WebAssembly a call through a pointer of another type traps. Some casts are right all the same: a method table
says with flags by which type its function is called, and types that are one for WebAssembly (all pointers, int and
long) may differ. Whatever else is found ends the build."""

import re
import sys

CAST = re.compile(r"cast from '([^']*)'(?: \(aka '([^']*)'\))? to '([^']*)'(?: \(aka '([^']*)'\))?")


def kind(text):
    """The type of WebAssembly that a type of C is passed as."""
    text = text.strip()
    if "*" in text or "&" in text:
        return "i32"
    if text == "void":
        return ""
    if "long long" in text or "64" in text:
        return "i64"
    return {"double": "f64", "float": "f32"}.get(text, "i32")


def signature(text):
    """``result (*)(parameters)`` as types of WebAssembly."""
    result, _, parameters = text.partition("(*)(")
    parts, depth, start = [], 0, 0
    parameters = parameters[: parameters.rindex(")")]
    for place, character in enumerate(parameters + ","):
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append(kind(parameters[start:place]))
            start = place + 1
    return kind(result), [part for part in parts if part]


def is_wrong(source, target, target_name):
    if "(*)(" not in source or "(*)(" not in target:
        return False
    before, after = signature(source), signature(target)
    if target_name == "PyCFunction" and len(before[1]) > 2:
        return False  # with keywords: the flags beside it say so
    if after == ("", []):
        return False  # a type to keep a function in, not to call it by
    return before != after


def main(log):
    wrong = []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = CAST.search(line)
            if found is None or "cast-function-type-mismatch" not in line:
                continue
            source, source_of, target, target_of = found.groups()
            if is_wrong(source_of or source, target_of or target, target):
                wrong.append(line.strip())
    for line in wrong:
        print(line)
    if wrong:
        sys.exit(f"{len(wrong)} functions would be called by another type than theirs")


main(*sys.argv[1:])
