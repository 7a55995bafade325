"""What pip calls instead of a package's own build program while it downloads the package's source.

pip asks a source for its metadata before it keeps the file, which costs minutes and a compiler with the real
programs. Here it is told what the source says about itself in PKG-INFO; building is the affair of the steps."""

import os

__all__ = [
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_wheel",
]


class Backend:
    """In-tree programs derive theirs from the class behind these functions."""

    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def get_requires_for_build_sdist(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        with open("PKG-INFO", encoding="utf-8") as file:
            text = file.read()
        head = dict(line.split(": ", 1) for line in text.split("\n\n")[0].splitlines() if ": " in line)
        folder = f"{head['Name'].replace('-', '_')}-{head['Version']}.dist-info"
        os.makedirs(os.path.join(metadata_directory, folder))
        with open(os.path.join(metadata_directory, folder, "METADATA"), "w", encoding="utf-8") as file:
            file.write(text)
        return folder

    def build_wheel(self, wheel_directory, config_settings=None, metadata_directory=None):
        raise NotImplementedError("nothing is built while sources are fetched")

    def build_sdist(self, sdist_directory, config_settings=None):
        raise NotImplementedError("nothing is built while sources are fetched")


_backend = Backend()
build_sdist = _backend.build_sdist
build_wheel = _backend.build_wheel
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
