"""The modules that an image has imported already, so that a cell finds them without reading files.

Modules that this build of the interpreter lacks are passed over.
"""

import builtins
import sys

MODULES = """
    __future__ _strptime abc argparse array ast asyncio asyncio.base_events asyncio.queues asyncio.runners
    asyncio.subprocess asyncio.taskgroups asyncio.timeouts atexit base64 binascii bisect builtins bz2 calendar
    cmath codecs collections collections.abc colorsys concurrent.futures concurrent.futures.thread configparser
    contextlib contextvars copy copyreg csv ctypes.util dataclasses datetime decimal difflib dis email
    email.message email.mime.multipart email.mime.text email.parser email.policy encodings.ascii encodings.idna
    encodings.latin_1 encodings.utf_16 encodings.utf_8_sig enum errno faulthandler fileinput fnmatch fractions
    functools gc genericpath getpass gettext glob graphlib gzip hashlib heapq hmac html html.entities
    html.parser http http.client http.cookies importlib importlib.abc importlib.machinery importlib.metadata
    importlib.resources importlib.util inspect io ipaddress itertools json json.decoder json.encoder
    json.scanner keyword linecache locale logging logging.config logging.handlers lzma marshal math mimetypes
    multiprocessing numbers opcode operator os os.path pathlib pickle pickletools pkgutil platform posixpath
    pprint queue quopri random re reprlib runpy sched secrets select selectors shlex shutil signal socket sqlite3 stat
    statistics string stringprep struct subprocess symtable sys sysconfig tarfile tempfile textwrap threading
    time timeit token tokenize tomllib traceback tracemalloc types typing unicodedata unittest unittest.mock
    urllib urllib.error urllib.parse urllib.request uuid warnings wave weakref xml.dom.minidom
    xml.etree.ElementTree xml.sax zipfile zipimport zlib zoneinfo _sitebuiltins
""".split()


# Those of the image `data`. Other packages in it are imported by who uses them.
DATA_MODULES = """
    numpy numpy.fft numpy.linalg numpy.ma numpy.polynomial numpy.random
    pandas pandas.io.clipboard pandas.io.excel._openpyxl pandas.io.formats.html pandas.io.formats.style pandas.plotting
    pandas.plotting._matplotlib
    matplotlib matplotlib.pyplot matplotlib.backends.backend_agg matplotlib.backends.backend_pdf
    matplotlib.backends.backend_svg matplotlib.dates matplotlib.patches matplotlib.ticker
    PIL PIL.Image PIL.ImageDraw PIL.ImageFont PIL.ImageShow PIL.JpegImagePlugin PIL.PngImagePlugin
    openpyxl openpyxl.cell._writer bs4 dateutil.parser jinja2 requests seaborn tabulate yaml
""".split()


# Modules of packages that the user added to the image, one a line.
CHOSEN = "/usr/lib/sandcell-preload.txt"


def chosen():
    """Import what the user added; a package that cannot be imported now may be so later, or say why then."""
    try:
        with open(CHOSEN, encoding="utf-8") as file:
            names = file.read().split()
    except OSError:
        return
    for name in names:
        try:
            __import__(name)
        except Exception as error:
            print(f"{name} cannot be imported: {type(error).__name__}: {error}", file=sys.stderr)


class Notebook:
    """What pandas looks for when it is imported, to know a notebook from a terminal: there it shows at most 20 columns,
    else as many as the terminal is wide, which takes it three times as long to find out."""

    kernel = None


def import_pandas():
    """Import it as in a notebook, if there is one."""
    builtins.get_ipython = Notebook
    try:
        __import__("pandas")
    except ImportError:
        pass
    finally:
        del builtins.get_ipython


def load():
    """Import them all; the names of those that this build has not."""
    missing = []
    try:
        import numpy  # noqa: F401
    except ImportError:
        packages = []
    else:
        packages = DATA_MODULES
        import_pandas()
    for name in [*MODULES, *packages]:
        try:
            __import__(name)
        except ImportError:
            missing.append(name)
    chosen()
    return missing
