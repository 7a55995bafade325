"""What cannot work in the sandbox, and the sentence that says so."""

import os
import sys

THREADS = (
    "threads are not available in this sandbox: run the function directly, by asyncio, "
    "or by a ThreadPoolExecutor, which runs one after the other"
)
PROCESSES = "a process of this sandbox cannot be forked or replaced: start another one with subprocess"
SOCKETS = "network connections are not available in this sandbox: use the functions that the host provides"
NOT_HERE = "packages cannot be installed at run time; ask the host to add it to the image"

# Modules of the standard library that this build has not: module -> (what is missing, why).
MODULES = {
    "_ssl": ("ssl", "there are no network connections to secure"),
    "ssl": ("ssl", "there are no network connections to secure"),
    "ctypes": ("ctypes", "there are no shared libraries to load"),
    "_ctypes": ("ctypes", "there are no shared libraries to load"),
    "curses": ("curses", "there is no terminal"),
    "_curses": ("curses", "there is no terminal"),
    "_curses_panel": ("curses.panel", "there is no terminal"),
    "_tkinter": ("tkinter", "there is no screen"),
    "tkinter": ("tkinter", "there is no screen"),
    "turtle": ("turtle", "there is no screen"),
    "idlelib": ("idlelib", "there is no screen"),
    "readline": ("readline", "there is no terminal"),
    "termios": ("termios", "there is no terminal"),
    "fcntl": ("fcntl", "files cannot be locked or controlled"),
    "resource": ("resource", "limits are set by the host"),
    "pwd": ("pwd", "there is no user database"),
    "grp": ("grp", "there is no user database"),
    "mmap": ("mmap", "files cannot be mapped into memory"),
    "syslog": ("syslog", "there is no system log"),
    "_posixsubprocess": ("_posixsubprocess", "processes cannot be forked"),
    "_multiprocessing": ("multiprocessing", "processes cannot be forked"),
    "_posixshmem": ("shared memory", "there is one process only"),
    "_interpreters": ("subinterpreters", "there is one interpreter only"),
    "_interpqueues": ("subinterpreters", "there is one interpreter only"),
    "_interpchannels": ("subinterpreters", "there is one interpreter only"),
    "ensurepip": ("ensurepip", "packages cannot be installed at run time"),
    "venv": ("venv", "there is one environment, that of the image"),
    "_dbm": ("dbm.ndbm", "use sqlite3 or dbm.dumb"),
    "_gdbm": ("dbm.gnu", "use sqlite3 or dbm.dumb"),
    "_socket": ("socket", "there are no network connections"),
}

# Functions of os that other systems have: their absence is told by this sentence.
OS_FUNCTIONS = {
    **dict.fromkeys(
        """
            fork forkpty vfork waitid wait3 wait4 execv execve execl execlp execvp execvpe setsid getpgid nice
        """.split(),
        PROCESSES,
    ),
    **dict.fromkeys(
        "getuid geteuid getgid getegid setuid setgid getlogin chown lchown fchown chroot umask".split(),
        "there are no user accounts in this sandbox",
    ),
    **dict.fromkeys(["openpty", "ttyname", "tcgetpgrp", "ctermid"], "there is no terminal in this sandbox"),
    **dict.fromkeys(
        ["cpu_count", "getloadavg", "sched_yield", "uname", "sched_getaffinity"],
        "the machine is hidden from this sandbox",
    ),
}

# Functions of socket that are refused, those included that this build has not.
SOCKET_FUNCTIONS = """
    create_connection create_server fromfd getaddrinfo gethostbyaddr getnameinfo getservbyname getservbyport
    socketpair
""".split()

# Third-party packages that programs ask for: told apart from a name that was mistyped.
PACKAGES = frozenset(
    """
        IPython PIL aiohttp altair anthropic anyio attr bokeh boto3 bs4 celery certifi cffi chardet click
        cryptography cv2 cython dask dateutil django docker docx duckdb fastapi flask gensim geopandas google
        gradio h5py httpx huggingface_hub ipywidgets jax jinja2 joblib jsonschema jupyter keras kiwisolver
        langchain librosa lightgbm llvmlite lxml markdown marshmallow matplotlib mpmath msgpack networkx nltk
        notebook numba numexpr numpy onnx openai openpyxl orjson packaging pandas paramiko patsy peewee pexpect
        pip plotly polars protobuf psutil psycopg2 pyarrow pydantic pygame pygments pymongo pymysql pyparsing
        pypdf pytest pytz pyyaml redis regex reportlab requests rich ruamel scipy scrapy seaborn selenium
        setuptools shapely simplejson six skimage sklearn smolagents sounddevice soupsieve spacy sqlalchemy
        starlette statsmodels streamlit sympy tabulate tenacity tensorflow tiktoken tokenizers toolz torch
        torchvision tornado tqdm transformers typing_extensions ujson urllib3 uvicorn uvloop wand websocket
        websockets werkzeug wheel wordcloud xarray xgboost xlrd xlsxwriter yaml zmq
    """.split()
)

# Packages of the image `data`, by the names that they are imported by.
DATA_PACKAGES = frozenset(
    """
        PIL bs4 contourpy cycler dateutil fontTools jinja2 kiwisolver markupsafe matplotlib mpl_toolkits mpmath networkx
        numpy openpyxl packaging pandas pylab pyparsing pytz requests seaborn six soupsieve sympy tabulate urllib3
        xlsxwriter yaml
    """.split()
)
DATA_IMAGE = "it is part of the image `data`: build that with `sandcell image build data` and start from it"


class MissingFinder:
    """The last finder: gives an import that fails its words. Looking for a module (find_spec) stays silent."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        words = None
        if name in MODULES:
            what, why = MODULES[name]
            words = f"No module named {name!r} ({what} is not available in this sandbox: {why})"
        elif name in DATA_PACKAGES:
            words = f"No module named {name!r} ({name} is not part of this image; {DATA_IMAGE})"
        elif name in PACKAGES:
            words = f"No module named {name!r} ({name} is not part of this image; {NOT_HERE})"
        # importlib.util.find_spec asks whether a module is there: only an import may raise
        if words is not None and sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":
            raise ModuleNotFoundError(words, name=name)
        return None


def _missing_os_function(name):
    """``os.fork`` and its like: hasattr() stays false, and the error says why."""
    words = OS_FUNCTIONS.get(name)
    raise AttributeError(f"module 'os' has no attribute {name!r}" + (f" ({words})" if words else ""), name=name, obj=os)


def _refuse(error, words, name):
    def refuse(*args, **kwargs):
        raise error(words)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = words.capitalize() + "."
    return refuse


def _replace(module, name, error, words):
    if module is not None:
        setattr(module, name, _refuse(error, words, name))


def gethostname():
    """Return the current host name (in this sandbox always the same)."""
    return "localhost"


def gethostbyname(host, /):
    """Return the IP address (a string of the form '255.255.255.255') for a host (here: of this one only)."""
    if host in ("", "localhost", "127.0.0.1"):
        return "127.0.0.1"
    raise OSError(SOCKETS)


def gethostbyname_ex(host, /):
    """Return the true host name, a list of aliases, and a list of IP addresses, for a host (here: of this one only)."""
    return ("localhost", [], [gethostbyname(host)])


def install():
    """Put the sentences where programs meet them."""
    sys.meta_path.append(MissingFinder)
    os.__getattr__ = _missing_os_function
    modules = sys.modules
    threading = modules.get("threading")
    _replace(threading, "_start_joinable_thread", RuntimeError, THREADS)
    _replace(modules.get("_thread"), "start_new_thread", RuntimeError, THREADS)
    _replace(modules.get("_thread"), "start_new", RuntimeError, THREADS)
    _replace(modules.get("_thread"), "start_joinable_thread", RuntimeError, THREADS)
    process = modules.get("multiprocessing.process")
    if process is not None:
        _replace(process.BaseProcess, "start", OSError, PROCESSES)
    socket = modules.get("socket")
    if socket is not None:
        socket.socket.__init__ = _refuse(OSError, SOCKETS, "__init__")
        for name in SOCKET_FUNCTIONS:
            _replace(socket, name, OSError, SOCKETS)
        for function in (gethostname, gethostbyname, gethostbyname_ex):
            setattr(socket, function.__name__, function)
