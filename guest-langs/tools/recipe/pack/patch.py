"""The edits to the fetched sources; guest-langs/tools/patches.md says why.

usage: patch.py toybox|jq|libgit2 FOLDER

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
    # Functions taken by name, which macros do not reach.
    ("toys/posix/test.c", "((i<2) ? lstat : stat)", "((i<2) ? unix_lstat : unix_stat)"),
    ("toys/other/stat.c", "(FLAG(L) ? stat : lstat)", "(FLAG(L) ? unix_stat : unix_lstat)"),
    ("toys/posix/file.c", "(FLAG(L) ? stat : lstat)", "(FLAG(L) ? unix_stat : unix_lstat)"),
    ("toys/posix/ln.c", "((FLAG(n)||FLAG(T)) ? lstat : stat)", "((FLAG(n)||FLAG(T)) ? unix_lstat : unix_stat)"),
    # Called through a pointer to a function with an argument, which WebAssembly checks.
    ("lib/lib.c", "static void tempfile_handler(void)\n", "static void tempfile_handler(int signal)\n"),
    ("toys/pending/dd.c", "static void status()\n", "static void status(int signal)\n"),
    ("toys/pending/dd.c", "_DD_conv_noerror) status();", "_DD_conv_noerror) status(0);"),
    ("toys/pending/dd.c", "\n      status();\n", "\n      status(0);\n"),
    # What is deleted is not told as well.
    ("toys/posix/find.c", "        test = !unlinkat(dirtree_parentfd(new), new->name,\n", "        print++, test = !unlinkat(dirtree_parentfd(new), new->name,\n"),
    (
        "toys/posix/sed.c",
        '"(help)(version)(tarxform)e*f*i:;nErz(null-data)s[+Er]"',
        '"(help)(version)(tarxform)e(expression)*f(file)*i(in-place):;n(quiet)(silent)E(regexp-extended)rz(null-data)s(separate)[+Er]"',
    ),
    # What GNU's print, which scripts read.
    ("toys/posix/patch.c", 'printf("patching %s\\n", name)', 'printf("patching file %s\\n", name)'),
    (
        "toys/posix/ls.c",
        '      strftime(tmp, sizeof(tmp), " %F %H:%M", tm);\n',
        '      strftime(tmp, sizeof(tmp), TT.l>1 ? " %F %H:%M" :\n'
        '        llabs((long long)time(0)-st->st_mtime)>15778476 ? " %b %e  %Y" : " %b %e %H:%M", tm);\n',
    ),
    ("toys/posix/ls.c", 'zprint(zap, "s ", 17+(TT.l>1)*13, (unsigned long)tmp);', 'zprint(zap, "s ", TT.l>1 ? 30 : 13, (unsigned long)tmp);'),
    (
        "toys/posix/ls.c",
        "        perror_msg_raw(*s);\n        free(dt);\n",
        "        toys.exitval = 2;\n        perror_msg(\"cannot access '%s'\", *s);\n        free(dt);\n",
    ),
    (
        "toys/posix/ls.c",
        "DIRTREE_STATLESS|DIRTREE_SYMFOLLOW*sym);\n\n    // note:",
        "DIRTREE_STATLESS|DIRTREE_SYMFOLLOW*sym|DIRTREE_SHUTUP);\n\n    // note:",
    ),
    (
        "toys/posix/ls.c",
        "    } else toys.exitval = 1;\n",
        "    } else {\n      toys.exitval = 2;\n      perror_msg(\"cannot access '%s'\", *s);\n    }\n",
    ),
    ("toys/posix/mkdir.c", "perror_msg(\"'%s'\", *s);", "perror_msg(\"cannot create directory '%s'\", *s);"),
    (
        "toys/posix/rmdir.c",
        "        perror_msg_raw(name);\n",
        "        perror_msg(\"failed to remove '%s'\", name);\n",
    ),
    (
        "toys/posix/rm.c",
        "if (!dir || try->symlink != (char *)2) perror_msg_raw(try->name);",
        "if (!dir || try->symlink != (char *)2) perror_msg(\"cannot remove '%s'\", try->name);",
    ),
    # Packed archives without another program: see attach.h.
    (
        "toys/posix/tar.c",
        "        else error_exit(\"Not tar\");\n\n        // if we can seek back",
        "        else error_exit(\"Not tar\");\n        attach_unpacker(TT.fd, hdr, len);\n        hdr = 0;\n"
        "        toys.optflags &= ~(FLAG_z|FLAG_j|FLAG_J);\n        goto unpacking;\n\n        // if we can seek back",
    ),
    (
        "toys/posix/tar.c",
        "    if (FLAG(j)||FLAG(z)||FLAG(I)||FLAG(J)) {\n      int pipefd[2] = {hdr ? -1 : TT.fd, -1}, i, pid;\n",
        "    if (FLAG(j)||FLAG(z)||FLAG(J)) {\n      len = xread(TT.fd, toybuf, 6);\n"
        "      if (!attach_unpacker(TT.fd, toybuf, len)) error_exit(\"not a packed archive\");\n      goto unpacking;\n    }\n"
        "    if (FLAG(I)) {\n      int pipefd[2] = {hdr ? -1 : TT.fd, -1}, i, pid;\n",
    ),
    ("toys/posix/tar.c", "    unpack_tar(hdr);\n", "unpacking:\n    unpack_tar(hdr);\n"),
    (
        "toys/posix/tar.c",
        "    if (FLAG(j)||FLAG(z)||FLAG(I)||FLAG(J)) {\n      int pipefd[2] = {-1, TT.fd};\n",
        "    if (FLAG(j)||FLAG(z)||FLAG(J)) attach_packer(TT.fd, FLAG(z) ? 'z' : FLAG(j) ? 'j' : 'J');\n"
        "    if (FLAG(I)) {\n      int pipefd[2] = {-1, TT.fd};\n",
    ),
    (
        "toys/posix/tar.c",
        "    writeall(TT.fd, toybuf, 1024);\n",
        "    writeall(TT.fd, toybuf, 1024);\n    if (!detach()) error_msg(\"cannot write the archive\");\n",
    ),
    ("toys/posix/tar.c", "error_msg(\"'%s' not in archive\"", "error_msg(\"%s: Not found in archive\""),
    # Other programs: as far as the runtime starts some.
    (
        "lib/xwrap.c",
        "int xrun(char **argv)\n{\n",
        "int unix_run(char **argv);\nint xrun(char **argv)\n{\n  fflush(0);\n  return unix_run(argv);\n",
    ),
]

JQ = []

LIBGIT2 = [
    # Data that end too early: without this it asks zlib for more for ever.
    (
        "src/util/zstream.c",
        "\t\t\treturn -1;\n\n\t\tout_remain -= out_written;\n",
        "\t\t\treturn -1;\n\n\t\tif (zstream->zerr == Z_BUF_ERROR && !zstream->in_len && !out_written) {\n"
        "\t\t\tgit_error_set(GIT_ERROR_ZLIB, \"the compressed data end too early\");\n\t\t\treturn -1;\n\t\t}\n\n"
        "\t\tout_remain -= out_written;\n",
    ),
]


def patch(folder, edits):
    for name, before, after in edits:
        path = folder / name
        text = path.read_text("latin-1")
        found = text.count(before)
        if found != 1:
            sys.exit(f"{name}: found {found} times, not once: {before!r}")
        path.write_text(text.replace(before, after), "latin-1")


patch(pathlib.Path(sys.argv[2]), {"toybox": TOYBOX, "jq": JQ, "libgit2": LIBGIT2}[sys.argv[1]])
