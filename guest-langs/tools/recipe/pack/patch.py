"""The edits to the fetched sources; guest-langs/tools/patches.md says why.

usage: patch.py toybox|jq FOLDER

Each edit names the text that it replaces; a source where that text is not found exactly once is
refused.
"""

import pathlib
import sys

TOYBOX = [
    (
        "lib/portability.h",
        "#if defined(__APPLE__) || defined(__linux__)\n// Linux and macOS",
        "#if defined(__APPLE__) || defined(__linux__) || defined(__wasi__)\n#include <sys/xattr.h>\n// Linux and macOS",
    ),
    *(
        (
            "lib/portability.c",
            f"int dev_{name}({arguments})\n{{\n#if defined(__linux__)\n",
            f"int dev_{name}({arguments})\n{{\n#if defined(__linux__) || defined(__wasi__)\n",
        )
        for name, arguments in [("minor", "int dev"), ("major", "int dev"), ("makedev", "int major, int minor")]
    ),
    # Output is kept until there is a good deal of it, or a line for somebody at a terminal.
    (
        "main.c",
        "    setvbuf(stdout, 0, (which->flags & TOYFLAG_LINEBUF) ? _IOLBF : _IONBF, 0);\n",
        "    static char outgoing[65536];\n"
        "    setvbuf(stdout, outgoing, isatty(1) ? _IOLBF : _IOFBF, sizeof(outgoing));\n",
    ),
    # ... so it must go before what is written past it.
    (
        "lib/lib.c",
        "ssize_t writeall(int fd, void *buf, size_t len)\n{\n  size_t count = 0;\n",
        "ssize_t writeall(int fd, void *buf, size_t len)\n{\n  size_t count = 0;\n\n  if (fd == 1) fflush(stdout);\n",
    ),
    (
        "lib/lib.c",
        '  char *s = ": %s";\n\n  fprintf(stderr, "%s: ", toys.which->name);\n',
        '  char *s = ": %s";\n\n  fflush(stdout);\n  fprintf(stderr, "%s: ", toys.which->name);\n',
    ),
    (
        "lib/xwrap.c",
        "  xflush(1);\n  xwrite(1, s, len);\n",
        "  if (len && fwrite(s, len, 1, stdout) != 1) perror_exit(\"write\");\n",
    ),
]

JQ = []


def patch(folder, edits):
    for name, before, after in edits:
        path = folder / name
        text = path.read_text("latin-1")
        found = text.count(before)
        if found != 1:
            sys.exit(f"{name}: found {found} times, not once: {before!r}")
        path.write_text(text.replace(before, after), "latin-1")


patch(pathlib.Path(sys.argv[2]), {"toybox": TOYBOX, "jq": JQ}[sys.argv[1]])
