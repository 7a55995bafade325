"""Commands: `!command`, %%bash and its like, %sx."""

import codecs
import os
import re
import select
import shlex
import subprocess
import sys

from ..tracebacks import UsageError
from . import output, packages
from .registry import CELL, LINE, cell_magic, line_magic

MISSING = "commands are not available in this sandbox"


class CommandNotAvailable(OSError):
    """A shell command was asked for, and there is no shell."""

    __module__ = "sandcell"


class Lines(list):
    """The lines that a command printed: ``.l`` as a list, ``.s`` joined by blanks, ``.n`` joined by line ends."""

    l = list = property(lambda self: self)  # noqa: E741  (IPython's name)
    s = spstr = property(lambda self: " ".join(self))
    n = nlstr = property(lambda self: "\n".join(self))

    def grep(self, pattern):
        return Lines(line for line in self if re.search(pattern, line))


def start(words, shown=None, **settings):
    """Start a program; CommandNotAvailable where there is no shell."""
    try:
        return subprocess.Popen(words, **settings)
    except FileNotFoundError:
        if os.path.exists("/bin/sh"):
            raise
    raise CommandNotAvailable(f"`{shown or words[0]}` cannot run: {MISSING}")


def run(shell, command, **settings):
    """Run a line of shell text; its exit code."""
    line = shell.expand(command)
    process = start([_shell(), "-c", line], f"!{command}", **settings)
    return _follow(process)


def _shell():
    return "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"


def _follow(process, data=b""):
    """Pass on what a process prints, and give it its input, until its end."""
    data = memoryview(data)
    streams = {
        stream.fileno(): (stream, codecs.getincrementaldecoder("utf-8")("replace"), target)
        for stream, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        if stream is not None
    }
    try:
        while streams:
            poll = select.poll()
            for descriptor in streams:
                poll.register(descriptor, select.POLLIN)
            if process.stdin is not None and not process.stdin.closed:
                poll.register(process.stdin.fileno(), select.POLLOUT)
            for descriptor, _events in poll.poll():
                if descriptor not in streams:
                    data = _feed(process.stdin, data)
                    continue
                stream, decoder, target = streams[descriptor]
                printed = os.read(descriptor, 65536)
                target.write(decoder.decode(printed, not printed))
                if not printed:
                    del streams[descriptor]
                    stream.close()
        return process.wait()
    except KeyboardInterrupt:
        process.kill()
        process.wait()
        raise


def system(shell, command):
    """``!command``: what it prints is printed; `_exit_code` holds its exit code."""
    line = packages.as_pip(shell.expand(command))
    if line is not None:
        packages.pip(line)
        return
    shell.user_ns["_exit_code"] = run(shell, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def output_of(shell, command):
    """``name = !command``: the lines that it prints, errors included."""
    line = packages.as_pip(shell.expand(command))
    if line is not None:
        with output.capture_output(stderr=False, display=False) as kept:
            packages.pip(line)
        return Lines(kept.stdout.splitlines())
    process = start(
        [_shell(), "-c", shell.expand(command)],
        f"!{command}",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    text = process.communicate()[0].decode("utf-8", "replace")
    shell.user_ns["_exit_code"] = process.returncode
    return Lines(text.splitlines())


@line_magic("sx", "!")
def sx(shell, line):
    """Run a command; the lines that it prints."""
    return output_of(shell, line)


@line_magic("system")
def system_magic(shell, line):
    """Run a command; the lines that it prints."""
    return output_of(shell, line)


def script(shell, words, cell):
    """Run a program with the cell as its standard input; CalledProcessError when it fails."""
    process = start(words, f"%%{words[0]}", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    code = _follow(process, cell.encode())
    if code:
        raise subprocess.CalledProcessError(code, words)


def _feed(stdin, data):
    """Write what a pipe that is ready takes at once; what is left. At the end, or when nobody reads, it is closed."""
    try:
        data = data[os.write(stdin.fileno(), data[:4096]) :]
    except BrokenPipeError:
        data = data[:0]
    if not data:
        stdin.close()
    return data


@cell_magic("script")
def script_magic(shell, line, cell):
    """Run the cell by the program that the line names."""
    words = shlex.split(line)
    if not words:
        raise UsageError("%%script: which program?")
    script(shell, words, cell)


def _register(name):
    def magic(shell, line, cell):
        script(shell, [name, *shlex.split(line)], cell)

    magic.__doc__ = f"Run the cell by {name}."
    CELL[name] = magic


for _name in ("bash", "sh", "python", "python3", "node", "perl", "ruby"):
    _register(_name)
LINE["sh"] = LINE["sx"]
