"""unpack.py TARBALL SHA256 FOLDER: check a source tarball's digest, then unpack its one
top folder as FOLDER. Runs on any Python 3.8 of the machine; needs no xz program."""

import hashlib
import sys
import tarfile


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def wanted(archive):
    """The files to unpack, with the name of the archive's top folder cut off."""
    for member in archive:
        _, _, name = member.name.partition("/")
        if not name or not member.isfile():
            continue
        if ".." in name.split("/"):
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
