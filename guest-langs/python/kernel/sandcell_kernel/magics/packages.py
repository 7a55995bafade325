"""pip, as far as it makes sense in an image whose packages are fixed: install of what is there, list, show.

Where the host allows it, it fetches what is missing: wheels of Python alone, handed over as files."""

import base64
import importlib.metadata
import importlib.util
import os
import re
import shlex
import sys
import tempfile

from .. import calls
from ..tracebacks import UsageError
from . import wheels
from .registry import line_magic

SITE_PACKAGES = "/usr/lib/python3.13/site-packages"

_REQUIREMENT = re.compile(
    r"""\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)
        \s*(?:\[[^\]]*\])?
        \s*\(?(?P<specifiers>(?:(?:===?|!=|~=|[<>]=?)\s*[^\s,;)]+\s*,?\s*)*)\)?
        \s*(?:;.*)?$""",
    re.VERBOSE,
).match
_SPECIFIER = re.compile(r"(===?|!=|~=|[<>]=?)\s*([^\s,;)]+)").findall

# Options of `pip install` that take a value; the value is no requirement.
_VALUED = frozenset(
    """
        -i --index-url --extra-index-url -f --find-links -t --target -c --constraint --prefix --root --src
        --platform --python-version --implementation --abi --proxy --retries --timeout --trusted-host --cert
        --client-cert --cache-dir --log --progress-bar --upgrade-strategy --no-binary --only-binary
        --root-user-action --python -C --config-settings
    """.split()
)

# Distributions whose module has another name.
_MODULES = {
    "beautifulsoup4": "bs4",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google.protobuf",
    "pyyaml": "yaml",
    "python-dateutil": "dateutil",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}


class PackageNotAvailable(Exception):
    """pip was asked for what is not in this image."""

    __module__ = "sandcell"


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_requirement(text):
    """(name, [(operator, version)]) of a requirement; UsageError if it is none that can be looked up."""
    if "://" in text or text.startswith((".", "/", "git+")) or " @ " in text:
        raise PackageNotAvailable(f"{text} cannot be fetched: packages cannot be installed at run time")
    found = _REQUIREMENT(text)
    if not found:
        raise UsageError(f"pip: Invalid requirement: {text!r}")
    return found["name"], _SPECIFIER(found["specifiers"])


def version_key(text):
    """A version as a tuple that compares as versions do, for the common forms (1.2.3, 1.2rc1, 1.2.post1)."""
    text = text.lower().strip().lstrip("v").partition("+")[0]
    release = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", text)
    numbers = [int(part) for part in release[1].split(".")] if release else [0]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    tail = text[release.end() :] if release else text
    stage = re.match(r"[-_.]?(dev|a|alpha|b|beta|c|rc|pre|preview|post|r|rev)[-_.]?(\d*)", tail)
    order = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "pre": -1, "preview": -1}
    rank = order.get(stage[1], 1) if stage else 0
    return tuple(numbers), rank, int(stage[2] or 0) if stage else 0


def satisfies(version, specifiers):
    """Does the version meet all of [(operator, version)]?"""
    for operator, wanted in specifiers:
        prefix = wanted.endswith(".*")
        wanted = wanted.removesuffix(".*")
        have, want = version_key(version), version_key(wanted)
        if operator in ("==", "===", "!=", "~="):
            length = wanted.count(".") + 1
            parts = (have[0] + (0,) * length)[: length if operator != "~=" else max(1, length - 1)]
            wanted_parts = (want[0] + (0,) * length)[: len(parts)]
            if operator == "~=":
                met = have >= want and parts == wanted_parts
            else:
                equal = parts == wanted_parts if prefix else have == want
                met = equal == (operator != "!=")
        else:
            met = {">=": have >= want, "<=": have <= want, ">": have > want, "<": have < want}[operator]
        if not met:
            return False
    return True


def _distributions():
    """Name -> distribution of all that is installed."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(normalize(name), distribution)
    return found


def _find(name):
    """(where, version or None) of a requirement's name, or None if this image has no such thing."""
    key = normalize(name)
    if key in ("pip", "setuptools", "wheel"):
        return SITE_PACKAGES, None  # asked for by habit; there is nothing that they could do here
    distribution = _distributions().get(key)
    if distribution is not None:
        return SITE_PACKAGES, distribution.version
    module = _MODULES.get(key, key.replace("-", "_"))
    for candidate in (module, name.replace("-", "_")):
        try:
            spec = importlib.util.find_spec(candidate)
        except (ImportError, ValueError, AttributeError):
            spec = None
        if spec is not None:
            where = spec.origin or ""
            return (SITE_PACKAGES if where.startswith(SITE_PACKAGES) else "/usr/lib/python3.13"), None
    return None


def read_arguments(words):
    """(requirements, quiet) of the words behind `pip install`."""
    requirements, quiet = [], False
    words = iter(words)
    for word in words:
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in ("-r", "--requirement"):
            requirements.extend(_read_file(value if equals else next(words, "")))
        elif option in ("-e", "--editable"):
            raise PackageNotAvailable("editable installs are not possible: packages cannot be installed at run time")
        elif option in _VALUED:
            if not equals:
                next(words, None)
        elif word.startswith("-"):
            quiet = quiet or option in ("-q", "--quiet", "-qq", "-qU", "-Uq", "-qqq")
        else:
            requirements.append(word)
    return requirements, quiet


def _read_file(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise UsageError(f"pip: Could not open requirements file: {error}") from None
    lines = (line.partition(" #")[0].strip() for line in lines)
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def install(words):
    """`pip install`: what is there is satisfied already; for the rest the error says how to get it."""
    requirements, quiet = read_arguments(words)
    if not requirements:
        raise UsageError('pip: You must give at least one requirement to install (see "pip help install")')
    missing, conflicting, wanted = [], [], []
    for text in requirements:
        if text.endswith(".whl") and "://" not in text:
            needed = _install_wheel(text, quiet)
            missing += needed
            wanted += needed
            continue
        name, specifiers = parse_requirement(text)
        found = _find(name)
        if found is None:
            missing.append(name)
            wanted.append(name + ",".join(operator + version for operator, version in specifiers))
            continue
        where, version = found
        if version is not None and not satisfies(version, specifiers):
            conflicting.append(f"{name} {version} is in this image, which does not satisfy {text!r}")
        elif not quiet:
            print(f"Requirement already satisfied: {text} in {where}" + (f" ({version})" if version else ""))
    if wanted and not conflicting and RESOLVE in calls.functions:
        _fetch(wanted, quiet)
        return
    if missing or conflicting:
        words = list(conflicting)
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            words.append(f"{', '.join(missing)} {verb} not in this image")
        raise PackageNotAvailable(
            "; ".join(words) + " and packages cannot be installed at run time; ask the host to add "
            f"{'it' if len(missing) + len(conflicting) == 1 else 'them'} to the image"
        )


# Functions of the host that allows it.
RESOLVE, READ = "_sandcell_pip_resolve", "_sandcell_pip_read"


def _fetch(wanted, quiet):
    """Install what is missing, and what that needs, by wheels that the host fetches."""
    present = [(found.metadata["Name"], found.version) for found in _distributions().values()]
    try:
        told = calls.functions[RESOLVE].blocking(requirements=wanted, present=present)
        installed = []
        with tempfile.TemporaryDirectory() as folder:
            for wheel in told:
                path = os.path.join(folder, wheel["file"])
                with open(path, "wb") as file:
                    while file.tell() < wheel["bytes"]:
                        piece = calls.functions[READ].blocking(sha256=wheel["sha256"], offset=file.tell())
                        file.write(base64.b64decode(piece))
                name, version, _ = wheels.install(path)
                installed.append(f"{name}-{version}")
    except calls.HostFunctionError as error:
        raise PackageNotAvailable(error.message) from None
    except wheels.BadWheel as error:
        raise PackageNotAvailable(str(error)) from None
    if installed and not quiet:
        print("Successfully installed " + " ".join(installed))


def _install_wheel(path, quiet):
    """Install a wheel from a file; what it needs and is not there."""
    try:
        name, version, needed = wheels.install(path.removeprefix("file:"))
    except wheels.BadWheel as error:
        raise PackageNotAvailable(str(error)) from None
    if not quiet:
        print(f"Successfully installed {name}-{version}")
    names = [re.match(r"[A-Za-z0-9._-]+", text) for text in needed if ";" not in text]
    return [found[0] for found in names if found and _find(found[0]) is None]


def _list():
    rows = sorted((distribution.metadata["Name"], distribution.version) for distribution in _distributions().values())
    width = max([7, *(len(name) for name, _ in rows)])
    version_width = max([7, *(len(version) for _, version in rows)])
    print(
        "\n".join(
            [
                f"{'Package':<{width}} Version",
                "-" * width + " " + "-" * version_width,
                *(f"{name:<{width}} {version}" for name, version in rows),
            ]
        )
    )


def _freeze():
    for _, distribution in sorted(_distributions().items()):
        print(f"{distribution.metadata['Name']}=={distribution.version}")


def _show(words):
    names = [word for word in words if not word.startswith("-")]
    if not names:
        raise UsageError("pip show: please provide a package name or names")
    installed = _distributions()
    missing = [name for name in names if normalize(name) not in installed]
    for name in names:
        distribution = installed.get(normalize(name))
        if distribution is None:
            continue
        about = distribution.metadata
        lines = [f"Name: {about['Name']}", f"Version: {distribution.version}"]
        lines.extend(f"{key}: {about.get(key) or ''}" for key in ("Summary", "Home-page", "Author", "License"))
        requires = ", ".join(re.split(r"[ ;<>=!~\[(]", text)[0] for text in distribution.requires or ())
        print("\n".join([*lines, f"Location: {SITE_PACKAGES}", f"Requires: {requires}"]))
    if missing:
        raise PackageNotAvailable(f"Package(s) not found: {', '.join(missing)}")


def pip(line):
    """Run a pip command line (without the word pip)."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"pip: {error}") from None
    while words and words[0].startswith("-") and words[0] not in ("--version", "-V", "--help", "-h"):
        words.pop(0)
    command = words.pop(0) if words else "help"
    if command in ("--version", "-V"):
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"pip (built into the sandbox) from {SITE_PACKAGES} (python {version})")
    elif command == "install":
        install(words)
    elif command == "list":
        _list()
    elif command == "freeze":
        _freeze()
    elif command == "show":
        _show(words)
    elif command == "check":
        print("No broken requirements found.")
    elif command in ("help", "--help", "-h"):
        print(
            "pip is built into the sandbox: pip install | list | show | freeze | check | --version\n"
            "The packages of an image are fixed: install tells whether a package is there, and installs wheels\n"
            "of Python alone from files (pip install ./name.whl)."
        )
    elif command in ("uninstall", "download", "wheel", "lock", "index", "search", "cache", "config"):
        raise PackageNotAvailable(f"pip {command} is not possible: the packages of this image are fixed")
    else:
        raise UsageError(f'pip: unknown command "{command}"')


@line_magic("pip", "pip3")
def pip_line(shell, line):
    """pip install | list | show | freeze | --version, for the packages of this image"""
    pip(line)


def as_pip(command):
    """The pip command line in a shell command such as ``python -m pip install x``, or None."""
    words = command.strip().split(None, 1)
    rest = words[1] if len(words) > 1 else ""
    if words and words[0] in ("pip", "pip3", "pip3.13"):
        return rest
    if words and words[0] in ("python", "python3", "{sys.executable}", "/usr/bin/python3", "uv"):
        following = rest.split(None, 2)
        if words[0] == "uv" and following[:1] == ["pip"]:
            return rest.split(None, 1)[1] if len(following) > 1 else ""
        if following[:2] == ["-m", "pip"]:
            return following[2] if len(following) > 2 else ""
    return None
