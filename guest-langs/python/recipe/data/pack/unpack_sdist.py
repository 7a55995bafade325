"""unpack_sdist.py ARCHIVE FOLDER: unpack a source distribution's one top folder as FOLDER.

Its digest has been checked by pip. Links and names that lead out of the folder are refused."""

import sys
import tarfile


def wanted(archive):
    for member in archive:
        name = member.name.partition("/")[2]
        if not name or member.isdir():
            continue
        if not member.isfile() or ".." in name.split("/"):
            sys.exit(f"unexpected member in the source: {member.name}")
        member.name = name
        yield member


def main(archive, folder):
    with tarfile.open(archive) as opened:
        opened.extractall(folder, members=wanted(opened))


main(*sys.argv[1:])
