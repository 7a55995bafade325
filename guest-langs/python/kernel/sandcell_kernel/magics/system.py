"""Folders and the environment: %cd, %pwd, %ls, %env, %set_env."""

import os
import posixpath
import stat
import time

from ..tracebacks import UsageError
from .registry import line_magic

_last_folder = []


def unquote(text):
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


@line_magic("pwd")
def pwd(shell, line):
    """The current folder."""
    return os.getcwd()


@line_magic("cd")
def cd(shell, line):
    """Change the current folder; `-` is the one before.  -q quiet"""
    quiet = line.startswith("-q")
    target = unquote(line[2:] if quiet else line)
    if target == "-":
        if not _last_folder:
            raise UsageError("%cd -: no previous directory to change to.")
        target = _last_folder.pop()
    before = os.getcwd()
    try:
        os.chdir(posixpath.expanduser(target or "~"))
    except OSError as error:
        raise UsageError(f"%cd: {error.strerror}: {target!r}") from None
    _last_folder[:] = [before]
    if not quiet:
        print(os.getcwd())


@line_magic("ls", "ll")
def ls(shell, line):
    """List a folder.  -a with hidden entries  -l with size and time  -1 one a line"""
    words = line.split()
    letters = "".join(word[1:] for word in words if word.startswith("-"))
    targets = [unquote(word) for word in words if not word.startswith("-")] or ["."]
    for target in targets:
        path = posixpath.expanduser(target)
        try:
            names = sorted(os.listdir(path)) if os.path.isdir(path) else [path]
            base = path if os.path.isdir(path) else ""
            if "a" not in letters:
                names = [name for name in names if not name.startswith(".") or not base]
            entries = [(name, os.stat(posixpath.join(base, name))) for name in names]
        except OSError as error:
            raise UsageError(f"%ls: {error.strerror}: {target!r}") from None
        if len(targets) > 1:
            print(f"{target}:")
        marked = [(name + "/" if stat.S_ISDIR(about.st_mode) else name, about) for name, about in entries]
        if "l" in letters:
            for name, about in marked:
                moment = time.strftime("%b %d %H:%M", time.localtime(about.st_mtime))
                print(f"{about.st_size:>12} {moment} {name}")
        elif marked:
            print(("\n" if "1" in letters else "  ").join(name for name, _ in marked))


@line_magic("env")
def env(shell, line):
    """The environment, one variable of it, or (VAR=value, or VAR value) set one."""
    line = line.strip()
    if not line:
        return dict(os.environ)
    if "=" in line or " " in line:
        return set_env(shell, line)
    name = line
    if name not in os.environ:
        raise UsageError(f"Environment does not have key: {name}")
    return os.environ[name]


@line_magic("set_env")
def set_env(shell, line):
    """Set a variable of the environment: VAR=value or VAR value."""
    separator = "=" if "=" in line else " "
    name, found, value = line.strip().partition(separator)
    name, value = name.strip(), value.strip()
    if not found or not name or " " in name:
        raise UsageError("usage: %set_env VAR=value")
    os.environ[name] = value
    print(f"env: {name}={value}")
