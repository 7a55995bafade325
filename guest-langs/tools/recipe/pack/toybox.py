"""Write the headers that toybox's own build makes with a shell, a C compiler and sed.

usage: toybox.py SOURCE LIST MKFLAGS

SOURCE is toybox's unpacked source, in which the folder `generated` is filled; LIST names what is
configured in; MKFLAGS is toybox's own program of that name, compiled for this machine. What is
printed are the C files to compile.
"""

import pathlib
import re
import subprocess
import sys

source = pathlib.Path(sys.argv[1])
wanted = set()
for line in pathlib.Path(sys.argv[2]).read_text().splitlines():
    if not line.startswith("#"):
        wanted.update(word for word in line.split() if word != "options")

files = {path: path.read_text("latin-1") for path in sorted(source.glob("toys/*/*.c"))}
menus = [(source / "Config.in").read_text(), *files.values()]
generated = source / "generated"
generated.mkdir()


def symbols():
    """All names of the configuration with their help texts."""
    found = {}
    for menu in menus:
        for part in re.split(r"^config ", menu, flags=re.M)[1:]:
            name, body = part.split("\n", 1)
            body = body.split("*/", 1)[0]
            help = re.search(r"^\s+help\n((?:[ \t]+.*\n|\n)*)", body, flags=re.M)
            lines = help.group(1).rstrip().splitlines() if help else []
            indent = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
            found[name.strip()] = "\n".join(x[indent:].replace("\t", "        ") for x in lines)
    return found


helps = symbols()
helps.setdefault("TOYBOX_ON_ANDROID", "")
helps.setdefault("TOYBOX_FORK", "")
unknown = wanted - set(helps)
if unknown:
    sys.exit(f"toybox has no such commands: {sorted(unknown)}")

numbers = {"TOYBOX_UID_SYS": 100, "TOYBOX_UID_USR": 500}
config = []
for name in sorted(helps):
    if name in numbers:
        config.append(f"#define CFG_{name} {numbers[name]}")
    elif name in wanted:
        config += [f"#define CFG_{name} 1", f"#define USE_{name}(...) __VA_ARGS__"]
    else:
        config += [f"#define CFG_{name} 0", f"#define USE_{name}(...)"]
config = "\n".join(config) + "\n"
(generated / "config.h").write_text(config)

# The table of commands: searched by halves, hence sorted.
toys = []
for text in files.values():
    for line in re.findall(r"^USE_[^(]*\(.*TOY\(.*", text, flags=re.M):
        name = re.match(r"USE_[^(]*\(.*TOY\(([^,]*),", line)
        if name:
            toys.append((name.group(1), line))
toys.sort(key=lambda toy: toy[0])
table = ["USE_TOYBOX(NEWTOY(toybox, 0, TOYFLAG_STAYROOT|TOYFLAG_NOHELP))", *(line for _, line in toys)]
table = "\n".join(table) + "\n"
(generated / "newtoys.h").write_text(table)


def options(everything):
    """For each command its string of options, as far as it is configured or all of it."""
    found = {}
    for line in table.splitlines():
        def expand(text):
            while True:
                match = re.search(r"USE_(\w+)\(", text)
                if not match:
                    return text
                depth, end = 1, match.end()
                quoted = False
                while depth:
                    char = text[end]
                    if char == '"':
                        quoted = not quoted
                    elif not quoted and char in "()":
                        depth += 1 if char == "(" else -1
                    end += 1
                inside = text[match.end():end - 1] if everything or match.group(1) in wanted else ""
                text = text[:match.start()] + inside + text[end:]

        match = re.search(r"NEWTOY\(([^,]*),\s*(.*)", expand(line))
        if match:
            strings = re.match(r'((?:"[^"]*"\s*)+)', match.group(2))
            found[match.group(1)] = "".join(re.findall(r'"([^"]*)"', strings.group(1))) if strings else " "
    return found


some, all_of_them = options(False), options(True)
raw = "".join(f'{name} "{some.get(name, " ") or " "}" "{all_of_them[name] or " "}"\n' for name in sorted(all_of_them))
flags = subprocess.run([sys.argv[3]], input=raw, capture_output=True, text=True, check=True).stdout
(generated / "flags.h").write_text(flags)

structures, members = [], []
for path, text in files.items():
    match = re.search(r"^GLOBALS\((.*?)^\)", text, flags=re.M | re.S)
    if match:
        structures.append(f"struct {path.stem}_data {{{match.group(1)}}};\n")
        members.append(f"\tstruct {path.stem}_data {path.stem};")
(generated / "globals.h").write_text(
    "\n".join(structures) + "\nextern union global_union {\n" + "\n".join(members) + "\n} this;\n"
)

tags = []
for path in [*files, *sorted(source.glob("lib/*.c"))]:
    for name, body in re.findall(r"TAGGED_ARRAY\((\w+),(.*?)^\)", path.read_text("latin-1"), flags=re.M | re.S):
        for index, text in enumerate(re.findall(r'\{\s*"([^"]*)"', body)):
            word = re.sub(r"[^A-Za-z0-9]", "_", text)
            suffix = "LL" if index > 31 else ""
            tags += [f"#define {name}_{word} {index}", f"#define _{name}_{word} (1{suffix}<<{index})"]
(generated / "tags.h").write_text("\n".join(tags) + "\n")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


names = {name for name, _ in toys} | {"toybox"}
help = [f"#define HELP_{name} {quoted(helps.get(name.upper(), ''))}" for name in sorted(names)]
(generated / "help.h").write_text("\n".join(help) + "\n")

compiled = [path for path, text in files.items() if any(
    re.match(rf"USE_({'|'.join(sorted(wanted))})\(", line) for line in re.findall(r"^USE_.*TOY\(.*", text, flags=re.M))]
for path in compiled:
    print(path.relative_to(source))
