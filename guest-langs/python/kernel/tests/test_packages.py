import base64
import contextlib
import hashlib
import io
import os
import sys
import tempfile
import types
import unittest
import zipfile
from unittest import mock

from sandcell_kernel import calls
from sandcell_kernel.magics import packages
from sandcell_kernel.tracebacks import UsageError


def distribution(name, version):
    return types.SimpleNamespace(
        metadata={"Name": name, "Summary": f"about {name}"}, version=version, requires=["numpy>=1 ; x"]
    )


class Pip(unittest.TestCase):
    def setUp(self):
        installed = [distribution("numpy", "2.2.6"), distribution("Scikit_Learn", "1.5.0")]
        patch = mock.patch.object(packages.importlib.metadata, "distributions", lambda: installed)
        patch.start()
        self.addCleanup(patch.stop)

    def run_pip(self, line):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            packages.pip(line)
        return out.getvalue()

    def wheel(self, folder, version="1.0", tag="py3-none-any", pure="true", change=None, extra=()):
        """A wheel with the module `small`; `change` alters its contents behind RECORD's back."""
        files = {
            "small.py": f"VERSION = {version!r}\n".encode(),
            f"small-{version}.dist-info/METADATA": f"Name: small\nVersion: {version}\n{''.join(extra)}\n".encode(),
            f"small-{version}.dist-info/WHEEL": f"Root-Is-Purelib: {pure}\nTag: {tag}\n".encode(),
        }
        record = "".join(
            f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
            for name, data in files.items()
        )
        files[f"small-{version}.dist-info/RECORD"] = record.encode()
        files.update(change or {})
        path = f"{folder}/small-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    def test_wheels_from_files_are_installed_and_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            site = f"{folder}/site"
            with mock.patch.object(packages.wheels.install, "__defaults__", (site,)):
                for version in ("1.0", "2.0"):
                    path = self.wheel(folder, version)
                    self.assertEqual(self.run_pip(f"install {path}"), f"Successfully installed small-{version}\n")
                    with open(f"{site}/small.py") as file:
                        self.assertIn(version, file.read())
                self.assertEqual(sorted(os.listdir(site)), ["small-2.0.dist-info", "small.py"])
                path = self.wheel(folder, "3.0", extra=["Requires-Dist: nothing-like-this>1\n"])
                with self.assertRaisesRegex(packages.PackageNotAvailable, "nothing-like-this is not in this image"):
                    self.run_pip(f"install {path}")
            sys.path.remove(site)

    def test_where_the_host_allows_it_missing_packages_are_fetched(self):
        asked = []

        def resolve(requirements, present):
            asked.append((requirements, present))
            if "nothing" in requirements[0]:
                raise calls.HostFunctionError("PackageNotAvailable", "there is no wheel of nothing", "resolve")
            return [{"file": os.path.basename(path), "sha256": "d1", "bytes": len(content)}]

        def read(sha256, offset):
            self.assertEqual(sha256, "d1")
            return base64.b64encode(content[offset : offset + 100]).decode()

        functions = {packages.RESOLVE: resolve, packages.READ: read}
        functions = {name: types.SimpleNamespace(blocking=function) for name, function in functions.items()}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(calls, "functions", functions):
            path = self.wheel(folder)
            with open(path, "rb") as file:
                content = file.read()
            site = f"{folder}/site"
            with mock.patch.object(packages.wheels.install, "__defaults__", (site,)):
                self.assertIn("satisfied: numpy", self.run_pip("install numpy"))
                self.assertEqual(asked, [])
                self.assertEqual(self.run_pip("install 'small >= 1, <3'"), "Successfully installed small-1.0\n")
                self.assertEqual(self.run_pip("install -q small"), "")
                self.assertEqual(os.listdir(site).count("small.py"), 1)
                with self.assertRaisesRegex(packages.PackageNotAvailable, "^there is no wheel of nothing$"):
                    self.run_pip("install nothing")
                with self.assertRaisesRegex(packages.PackageNotAvailable, "numpy 2.2.6 is in this image"):
                    self.run_pip("install small numpy==1")
            sys.path.remove(site)
        self.assertEqual(asked[0], (["small>=1,<3"], [("numpy", "2.2.6"), ("Scikit_Learn", "1.5.0")]))

    def test_bad_wheels_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            cases = [
                (self.wheel(folder, "1.1", tag="cp313-cp313-linux_x86_64", pure="false"), "native code"),
                (self.wheel(folder, "1.2", change={"small.py": b"other"}), "not as RECORD says"),
                (self.wheel(folder, "1.3", change={"../evil.py": b"x"}), "leads out"),
                (self.wheel(folder, "1.4", change={"more.py": b"x"}), "no digest"),
                (f"{folder}/absent.whl", "cannot be installed"),
            ]
            with open(f"{folder}/text.whl", "w") as file:
                file.write("no archive")
            cases.append((f"{folder}/text.whl", "cannot be installed"))
            for path, words in cases:
                with self.assertRaisesRegex(packages.PackageNotAvailable, words):
                    self.run_pip(f"install {path}")

    def test_what_is_there_is_satisfied(self):
        self.assertEqual(
            self.run_pip("install numpy"), f"Requirement already satisfied: numpy in {packages.SITE_PACKAGES} (2.2.6)\n"
        )
        for line in (
            "install -U 'numpy>=1,<3'",
            "install scikit-learn==1.5",
            "install json",
            "install \"numpy[extra]; python_version>'3'\"",
        ):
            self.assertIn("already satisfied", self.run_pip(line), line)
        self.assertEqual(self.run_pip("install -q numpy"), "")

    def test_what_is_missing_says_how_to_get_it(self):
        with self.assertRaisesRegex(
            packages.PackageNotAvailable,
            "^no-such-thing is not in this image and packages cannot be installed at run time; "
            "ask the host to add it to the image$",
        ):
            self.run_pip("install numpy no-such-thing")
        with self.assertRaisesRegex(packages.PackageNotAvailable, "nothing1, nothing2 are not in .* add them"):
            self.run_pip("install nothing1 nothing2")

    def test_versions_that_are_not_there(self):
        with self.assertRaisesRegex(
            packages.PackageNotAvailable, "numpy 2.2.6 is in this image, which does not satisfy 'numpy==1.26'"
        ):
            self.run_pip("install numpy==1.26")

    def test_options_with_values(self):
        line = "install --index-url x --target=/y -i z --no-deps -U numpy --root-user-action ignore"
        self.assertEqual(packages.read_arguments(line.split()[1:]), (["numpy"], False))

    def test_requirement_files(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# needed\nnumpy>=1  # yes\n\n-e .\n")
            file.flush()
            self.assertIn("already satisfied: numpy>=1", self.run_pip(f"install -r {file.name}"))
        with self.assertRaisesRegex(UsageError, "Could not open requirements file"):
            self.run_pip("install -r /no/such/file")

    def test_what_makes_no_sense(self):
        for line, error in (
            ("install", UsageError),
            ("frobnicate", UsageError),
            ("install 'a b'", UsageError),
            ("install '", UsageError),
            ("install git+https://example.org/x", packages.PackageNotAvailable),
            ("uninstall numpy", packages.PackageNotAvailable),
            ("install ./folder", packages.PackageNotAvailable),
            ("install -e .", packages.PackageNotAvailable),
            ("show nothing", packages.PackageNotAvailable),
            ("show", UsageError),
        ):
            with self.assertRaises(error, msg=line):
                self.run_pip(line)

    def test_listing(self):
        self.assertEqual(
            self.run_pip("list").splitlines(),
            ["Package      Version", "------------ -------", "Scikit_Learn 1.5.0", "numpy        2.2.6"],
        )
        self.assertEqual(self.run_pip("freeze"), "numpy==2.2.6\nScikit_Learn==1.5.0\n")
        self.assertIn("Version: 2.2.6\nSummary: about numpy\n", self.run_pip("show numpy"))
        self.assertIn("Requires: numpy", self.run_pip("show scikit-learn"))
        self.assertRegex(self.run_pip("--version"), r"^pip \(built into the sandbox\)")
        self.assertIn("install", self.run_pip(""))

    def test_shell_forms(self):
        for command, line in (
            ("pip install x", "install x"),
            ("pip3 list", "list"),
            ("python -m pip install x", "install x"),
            ("pip", ""),
            ("python3 -m pip", ""),
            ("uv pip install x", "install x"),
            ("pipx run", None),
            ("ls", None),
            ("", None),
            ("python x.py", None),
        ):
            self.assertEqual(packages.as_pip(command), line, command)


class Versions(unittest.TestCase):
    def test_order(self):
        ordered = ["0.9", "1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.10", "2"]
        shuffled = ordered[5:] + ordered[:5]
        self.assertEqual(sorted(shuffled, key=packages.version_key), ordered)
        self.assertEqual(packages.version_key("1.0"), packages.version_key("v1.0.0+local"))

    def test_specifiers(self):
        for version, specifier, met in (
            ("1.2.3", "==1.2.*", True),
            ("1.3", "==1.2.*", False),
            ("1.2", "==1.2.0", True),
            ("1.2.1", "~=1.2", True),
            ("2.0", "~=1.2", False),
            ("1.2.5", "~=1.2.3", True),
            ("1.3", "~=1.2.3", False),
            ("1.2", "!=1.2", False),
            ("1.3", "!=1.2.*", True),
            ("1.2", "<1.2", False),
            ("1.2", "<=1.2", True),
            ("3", ">2", True),
            ("3", "===3", True),
        ):
            _, specifiers = packages.parse_requirement("x" + specifier)
            self.assertEqual(packages.satisfies(version, specifiers), met, (version, specifier))

    def test_requirements(self):
        self.assertEqual(
            packages.parse_requirement("a.b-C_d [x,y] >= 1.0 , <2 ; os=='x'"), ("a.b-C_d", [(">=", "1.0"), ("<", "2")])
        )
        for text in ("", "-x", "a b", "a==", "é"):
            with self.assertRaises(UsageError, msg=text):
                packages.parse_requirement(text)


if __name__ == "__main__":
    unittest.main()
