"""Wheels that the user has as files: unpacked into a folder of the sandbox's own."""

import base64
import csv
import hashlib
import importlib
import io
import os
import posixpath
import re
import shutil
import sys
import zipfile

FOLDER = "/home/user/.local/lib/python3.13/site-packages"


class BadWheel(Exception):
    """The file is no wheel that can be installed here."""

    __module__ = "sandcell"


def _info(archive, path):
    """The folder with the wheel's papers."""
    folders = {name.split("/")[0] for name in archive.namelist() if name.split("/")[0].endswith(".dist-info")}
    if len(folders) != 1:
        raise BadWheel(f"{path} is no wheel: it has {len(folders)} folders named *.dist-info")
    return folders.pop()


def _head(text):
    """``Key: value`` lines up to the first empty one, as {key: [values]}."""
    found = {}
    for line in text.partition("\n\n")[0].splitlines():
        key, colon, value = line.partition(": ")
        if colon and not line.startswith(" "):
            found.setdefault(key, []).append(value.strip())
    return found


def _check(archive, info, path):
    """Refuse native code, names that lead elsewhere, and contents that are not as the papers say."""
    about = _head(archive.read(f"{info}/WHEEL").decode("utf-8", "replace"))
    if about.get("Root-Is-Purelib", [""])[0].lower() != "true" or not any(
        tag.endswith("-none-any") for tag in about.get("Tag", [])
    ):
        raise BadWheel(f"{path} has native code: only wheels of Python alone (py3-none-any) can be installed")
    lines = csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode("utf-8")))
    recorded = {line[0]: line[1] for line in lines if len(line) >= 2}
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        name = member.filename
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise BadWheel(f"{path} has a file that leads out of its folder: {name!r}")
        kind, _, digest = recorded.get(name, "").partition("=")
        if name.startswith((f"{info}/RECORD", f"{info}/direct_url")) and not digest:
            continue
        if kind not in ("sha256", "sha384", "sha512"):
            raise BadWheel(f"{path}: {name} has no digest in RECORD")
        found = base64.urlsafe_b64encode(hashlib.new(kind, archive.read(name)).digest()).rstrip(b"=").decode()
        if found != digest:
            raise BadWheel(f"{path}: {name} is not as RECORD says")
    return members


def _place(name):
    """Where a file of the wheel belongs below the folder; None for scripts and their like."""
    parts = name.split("/")
    if not parts[0].endswith(".data"):
        return name
    return "/".join(parts[2:]) if parts[1:2] in (["purelib"], ["platlib"]) else None


def _remove(folder, name):
    """Remove an earlier version of the distribution."""
    for info in os.listdir(folder):
        if not info.endswith(".dist-info") or _key(info.split("-")[0]) != _key(name):
            continue
        with open(posixpath.join(folder, info, "RECORD"), encoding="utf-8", newline="") as file:
            for line in csv.reader(file):
                path = posixpath.normpath(posixpath.join(folder, line[0]))
                if path.startswith(folder + "/") and os.path.isfile(path):
                    os.remove(path)
        shutil.rmtree(posixpath.join(folder, info), ignore_errors=True)


def _key(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def install(path, folder=FOLDER):
    """Unpack a wheel. (name, version, requirements); BadWheel leaves everything as it was."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = _info(archive, path)
            members = _check(archive, info, path)
            about = _head(archive.read(f"{info}/METADATA").decode("utf-8", "replace"))
            name, version = about["Name"][0], about["Version"][0]
            os.makedirs(folder, exist_ok=True)
            _remove(folder, name)
            for member in members:
                place = _place(member.filename)
                if place is None:
                    continue
                target = posixpath.join(folder, place)
                os.makedirs(posixpath.dirname(target), exist_ok=True)
                with archive.open(member) as source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadWheel(f"{path} cannot be installed: {error}") from None
    if folder not in sys.path:
        sys.path.append(folder)
    importlib.invalidate_caches()
    needed = [text for text in about.get("Requires-Dist", []) if "extra ==" not in text]
    return name, version, needed
