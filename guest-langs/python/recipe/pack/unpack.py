"""unpack.py TARBALL SHA256 FOLDER: check a source tarball's digest, then unpack its one
top folder as FOLDER. Runs on any Python 3.8 of the machine; needs no xz program."""

import hashlib
import sys
import tarfile

# What no step reads, and the one exception.
UNUSED = ("Doc/", "Mac/", "Misc/NEWS.d/", "PC/", "PCbuild/")
USED = ("Doc/license.rst",)


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def wanted(archive):
    """The members to unpack, with the name of the archive's top folder cut off."""
    for member in archive:
        top, _, name = member.name.partition("/")
        if not name or (name.startswith(UNUSED) and name not in USED):
            continue
        if not (member.isfile() or member.isdir()) or ".." in name.split("/"):
            sys.exit(f"unexpected member in the source tarball: {member.name}")
        member.name = name
        yield member


def main(tarball, expected, folder):
    found = digest_of(tarball)
    if found != expected:
        sys.exit(f"wrong checksum: {tarball} has sha256 {found}, expected {expected}")
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, members=wanted(archive))


main(*sys.argv[1:])
