"""The modules that an image has imported already, so that a cell finds them without reading files.

Modules that this build of the interpreter lacks are passed over.
"""

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


def load():
    """Import them all; the names of those that this build has not."""
    missing = []
    for name in MODULES:
        try:
            __import__(name)
        except ImportError:
            missing.append(name)
    return missing
