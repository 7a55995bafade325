"""Processes: what ``os`` and ``subprocess`` need to start them, over the host's calls.

A child runs beside this interpreter, in the same sandbox; nothing is forked.
"""

import errno
import os
import posix
import struct
import sys

import _sandcell

_spawn = _sandcell.spawn
_wait_child = _sandcell.wait_child

WNOHANG = 1
SHELL = "/bin/sh"
NOT_FOUND = 127

# Stands for a descriptor that is closed, or leads nowhere.
NOTHING = 0xFFFFFFFF
OWN_GROUP = 1


def _bytes(text):
    return os.fsencode(text)


def _environment(env):
    """``NAME=value`` as bytes, of a mapping or of what is already a list of them."""
    if env is None:
        env = os.environ
    if isinstance(env, (list, tuple)):
        return list(env)
    return [_bytes(name) + b"=" + _bytes(value) for name, value in env.items()]


def start(argv, env=None, cwd=None, descriptors=(), path=None, own_group=False):
    """Start a process; its number. ``descriptors`` are pairs (the child's number, ours or NOTHING)."""
    argv = [_bytes(word) for word in argv]
    env = _environment(env)
    cwd = os.path.abspath(os.fsdecode(cwd)) if cwd is not None else os.getcwd()
    if any(b"\0" in text for text in (*argv, *env)) or "\0" in cwd:
        raise ValueError("embedded null byte")
    if path is not None and b"\0" in _bytes(path):
        raise ValueError("embedded null byte")
    if not os.path.isdir(cwd):
        number = errno.ENOTDIR if os.path.exists(cwd) else errno.ENOENT
        raise OSError(number, os.strerror(number), cwd)
    pairs = [number for pair in descriptors for number in pair]
    head = [len(argv), len(env), len(pairs) // 2, OWN_GROUP if own_group else 0, *pairs]
    texts = [b"" if path is None else _bytes(path), _bytes(cwd), *argv, *env]
    errand = struct.pack(f"<{len(head)}I", *head) + b"\0".join(texts) + b"\0"
    try:
        return _spawn(errand)
    except OSError as error:
        name = os.fsdecode(path if path is not None else argv[0] if argv else b"")
        raise OSError(error.errno, error.strerror, name) from None


def fork_exec(
    args,
    executable_list,
    close_fds,
    fds_to_keep,
    cwd,
    env,
    p2cread,
    p2cwrite,
    c2pread,
    c2pwrite,
    errread,
    errwrite,
    errpipe_read,
    errpipe_write,
    restore_signals,
    call_setsid,
    pgid_to_set,
    gid,
    extra_groups,
    uid,
    umask,
    preexec_fn,
    *_more,
):
    """What subprocess.Popen calls to start a child."""
    if preexec_fn is not None:
        raise RuntimeError("preexec_fn is not supported: nothing is forked in this sandbox")
    descriptors = [
        (number, given if given >= 0 else number)
        for number, given in ((0, p2cread), (1, c2pwrite), (2, errwrite))
    ]
    descriptors += [(kept, kept) for kept in fds_to_keep if kept > 2 and kept != errpipe_write]
    path = os.fsdecode(executable_list[-1]) if executable_list else None
    if path is not None and len(executable_list) > 1:
        path = os.path.basename(path)
    own_group = bool(call_setsid) or pgid_to_set == 0
    return start(args, env, cwd, descriptors, path, own_group)


# ---- os ----


def pipe():
    """Create a pipe: (the descriptor to read from, the one to write to)."""
    return _sandcell.pipe()


def pipe2(flags, /):
    """As pipe(); the flags are without effect, but for O_NONBLOCK."""
    ends = _sandcell.pipe()
    if flags & getattr(os, "O_NONBLOCK", 0):
        for end in ends:
            os.set_blocking(end, False)
    return ends


def dup(fd, /):
    """Return a duplicate of a descriptor."""
    return _sandcell.duplicate(fd, -1)


def dup2(fd, fd2, inheritable=True):
    """Duplicate a descriptor to another number."""
    if fd2 < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return _sandcell.duplicate(fd, fd2)


def waitpid(pid, options, /):
    """Wait for a child: (its number, its status). (0, 0) with WNOHANG when none has ended."""
    if pid == 0 or pid < -1:
        pid = -1
    return _wait_child(pid, 0 if options & WNOHANG else -1) or (0, 0)


def wait():
    """Wait for any child: (its number, its status)."""
    return waitpid(-1, 0)


def kill(pid, signal, /):
    """Send a signal to a process of the sandbox."""
    if pid == getpid():
        import signal as signals

        if signal:
            signals.raise_signal(signal)
        return
    _sandcell.kill(pid, signal)


def killpg(pgid, signal, /):
    """Send a signal to a group of processes."""
    _sandcell.kill(-pgid, signal)


def getpid():
    """Return the current process id."""
    return _numbers()[0]


def getppid():
    """Return the parent's process id."""
    return _numbers()[1]


def getpgrp():
    """Return the current process group id."""
    return _numbers()[2]


def _numbers():
    try:
        return _sandcell.process()
    except OSError:
        return 1, 0, 1


def system(command):
    """Execute a command in a shell; its status, as wait() gives it."""
    flush()
    try:
        pid = start([SHELL, "-c", command], descriptors=[(number, number) for number in range(3)])
    except OSError:
        # As where the fork succeeds and the shell is not there.
        return NOT_FOUND << 8
    return waitpid(pid, 0)[1]


def posix_spawn(path, argv, env, /, *, file_actions=None, setpgroup=None, setsid=False, **_signals):
    """Start the program at a path."""
    if not os.path.dirname(path):
        path = os.path.join(os.curdir, os.fsdecode(path))
    return posix_spawnp(path, argv, env, file_actions=file_actions, setpgroup=setpgroup, setsid=setsid)


def posix_spawnp(path, argv, env, /, *, file_actions=None, setpgroup=None, setsid=False, **_signals):
    """Start a program by its name."""
    table = {number: number for number in range(3)}
    opened = []
    try:
        for action, *values in file_actions or ():
            if action == POSIX_SPAWN_CLOSE:
                table.pop(values[0], None)
            elif action == POSIX_SPAWN_DUP2:
                table[values[1]] = table.get(values[0], values[0])
            elif action == POSIX_SPAWN_OPEN:
                opened.append(os.open(*values[1:]))
                table[values[0]] = opened[-1]
            else:
                raise TypeError("Unknown file_actions identifier")
        return start(argv, env, None, table.items(), path, own_group=setsid or setpgroup == 0)
    finally:
        for descriptor in opened:
            os.close(descriptor)


POSIX_SPAWN_OPEN, POSIX_SPAWN_CLOSE, POSIX_SPAWN_DUP2 = range(3)


def _spawnvef(mode, path, args, env):
    pid = start(args, env, None, [(number, number) for number in range(3)], path)
    return pid if mode == os.P_NOWAIT else waitstatus_to_exitcode(waitpid(pid, 0)[1])


def spawnv(mode, file, args):
    """Start the program at a path; its number, or (P_WAIT) its exit code."""
    return spawnve(mode, file, args, None)


def spawnve(mode, file, args, env):
    """As spawnv, with an environment."""
    return _spawnvef(mode, file if os.path.dirname(file) else os.path.join(".", file), args, env)


def spawnvp(mode, file, args):
    """As spawnv, by name."""
    return _spawnvef(mode, file, args, None)


def spawnvpe(mode, file, args, env):
    """As spawnvp, with an environment."""
    return _spawnvef(mode, file, args, env)


def WIFEXITED(status):
    """Did the process end by itself?"""
    return status & 0x7F == 0


def WEXITSTATUS(status):
    """The exit status of a process that ended by itself."""
    return status >> 8 & 0xFF


def WIFSIGNALED(status):
    """Did a signal end the process?"""
    return status & 0x7F != 0


def WTERMSIG(status):
    """The signal that ended the process."""
    return status & 0x7F


def WIFSTOPPED(status):
    """Processes are not stopped here."""
    return False


WIFCONTINUED = WCOREDUMP = WIFSTOPPED


def WSTOPSIG(status):
    """The signal that stopped the process."""
    return status >> 8 & 0xFF


def waitstatus_to_exitcode(status):
    """The exit code of a status of wait(); minus the signal that ended the process."""
    return -WTERMSIG(status) if WIFSIGNALED(status) else WEXITSTATUS(status)


def popen(cmd, mode="r", buffering=-1):
    """Start a command in a shell with a pipe to it or from it; a file object whose close() gives its status."""
    import io
    import subprocess

    if not isinstance(cmd, str):
        raise TypeError(f"invalid cmd type ({type(cmd)}, expected string)")
    if mode not in ("r", "w"):
        raise ValueError(f"invalid mode {mode!r}")
    if buffering == 0 or buffering is None:
        raise ValueError("popen() does not support unbuffered streams")
    way = {"stdout": subprocess.PIPE} if mode == "r" else {"stdin": subprocess.PIPE}
    process = subprocess.Popen(cmd, shell=True, text=True, bufsize=buffering, **way)
    return os._wrap_close(process.stdout if mode == "r" else process.stdin, process)


class _WrapClose:
    """A file object that waits for its process when it is closed."""

    def __init__(self, stream, process):
        self._stream = stream
        self._proc = process

    def close(self):
        self._stream.close()
        code = self._proc.wait()
        if code == 0:
            return None
        return code << 8 if code > 0 else code

    def __enter__(self):
        return self

    def __exit__(self, *_details):
        self.close()

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __iter__(self):
        return iter(self._stream)


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    """Change the permission bits of a file. Those to execute have an effect; the others are shown."""
    if not follow_symlinks and os.path.islink(path):
        return  # links have no bits of their own
    _sandcell.set_mode(_absolute(path), mode)


def _absolute(path):
    return _bytes(os.path.abspath(os.fsdecode(path)))


_plain_access = posix.access


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    """Test for access to a file."""
    allowed = _plain_access(path, mode & ~os.X_OK)
    if allowed and mode & os.X_OK and dir_fd is None and not isinstance(path, int):
        try:
            return os.path.isdir(path) or bool(_sandcell.mode(_absolute(path), True) & 0o111)
        except OSError:
            return False
    return allowed


def flush():
    """What this interpreter wrote comes before what a child writes."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


FUNCTIONS = (
    pipe, pipe2, dup, dup2, waitpid, wait, kill, killpg, getpid, getppid, getpgrp, system, posix_spawn,
    posix_spawnp, spawnv, spawnve, spawnvp, spawnvpe, WIFEXITED, WEXITSTATUS, WIFSIGNALED, WTERMSIG,
    WIFSTOPPED, WSTOPSIG, waitstatus_to_exitcode, popen, chmod, access,
)  # fmt: skip


def install():
    """Put them where programs look for them."""
    import subprocess

    for function in FUNCTIONS:
        function.__module__ = "os"
        setattr(os, function.__name__, function)
        if hasattr(posix, function.__name__):
            setattr(posix, function.__name__, function)
    os.WIFCONTINUED, os.WCOREDUMP = WIFCONTINUED, WCOREDUMP
    os.WNOHANG, os.P_WAIT, os.P_NOWAIT, os.P_NOWAITO = WNOHANG, 0, 1, 1
    os.POSIX_SPAWN_OPEN, os.POSIX_SPAWN_CLOSE, os.POSIX_SPAWN_DUP2 = range(3)
    os._wrap_close = _WrapClose
    for name in ("spawnl", "spawnle", "spawnlp", "spawnlpe"):
        setattr(os, name, _spelled_out(name))
    subprocess._can_fork_exec = True
    subprocess._fork_exec = fork_exec
    safe = subprocess._del_safe
    safe.waitpid, safe.waitstatus_to_exitcode = waitpid, waitstatus_to_exitcode
    safe.WIFSTOPPED, safe.WSTOPSIG, safe.WNOHANG, safe.ECHILD = WIFSTOPPED, WSTOPSIG, WNOHANG, errno.ECHILD


def _spelled_out(name):
    """``os.spawnl`` and its like take the arguments one by one."""
    with_list = globals()[name.replace("spawnl", "spawnv")]

    def function(mode, file, *args):
        if name.endswith("e"):
            return with_list(mode, file, args[:-1], args[-1])
        return with_list(mode, file, args)

    function.__name__ = function.__qualname__ = name
    function.__module__ = "os"
    return function
