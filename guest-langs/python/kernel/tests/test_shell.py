import contextlib
import inspect
import io
import os
import random
import sys
import tempfile
import types
import unittest
from unittest import mock

from sandcell_kernel import calls, display, formats, magics, options, renewal, rich, shell, sources, streams, wire
from sandcell_kernel.magics import commands, timing
from sandcell_kernel.tracebacks import UsageError

from . import fake


class ShellTest(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.module = types.ModuleType("__main__")
        fake.namespace = vars(self.module)
        self.addCleanup(setattr, fake, "namespace", {})
        self.reported = []
        formatter = formats.Formatter(self.reported.append)
        self.publisher = display.Publisher(formatter)
        rich.display_function = self.publisher.display
        magics.output.capture_output.publisher = self.publisher
        self.inputs = ["", "x = 1", "print(x)", "%history"]
        self.shell = shell.InteractiveShell(
            self.module, self.inputs, {}, self.publisher, formatter, self.reported.append
        )
        self.shell.fill_namespace()
        self.ns = vars(self.module)
        self.ns["get_ipython"] = lambda: self.shell
        folder = os.getcwd()
        self.addCleanup(os.chdir, folder)

    def line(self, name, line=""):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            value = self.shell.run_line_magic(name, line)
        return value if value is not None else out.getvalue()

    def cell(self, name, line, cell):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            value = self.shell.run_cell_magic(name, line, cell)
        return value if value is not None else out.getvalue()


class Magics(ShellTest):
    def test_unknown_magics_name_those_that_exist(self):
        with self.assertRaisesRegex(UsageError, r"^Line magic function `%foo` not found\. There are: .*%time .*%who"):
            self.line("foo")
        with self.assertRaisesRegex(UsageError, r"^Cell magic function `%%foo` not found\. There are: .*%%capture"):
            self.cell("foo", "", "")
        with self.assertRaisesRegex(UsageError, r"but cell magic `%%html` exists"):
            self.line("html")
        with self.assertRaisesRegex(UsageError, "there is no terminal in this sandbox"):
            self.line("edit")

    def test_time(self):
        self.assertEqual(self.line("time", "1+1"), 2)
        self.assertRegex(self.line("time", "x = 3"), r"^CPU times: total: .*\nWall time: .* [mμn]?s\n$")
        self.assertEqual(self.ns["x"], 3)
        with self.assertRaises(ZeroDivisionError):
            self.line("time", "1/0")
        self.assertEqual(self.cell("time", "", "y = 1\ny + 1"), 2)

    def test_timeit(self):
        result = self.line("timeit", "-o -q -n 3 -r 2 sum([1])")
        self.assertEqual((result.loops, result.repeat, len(result.all_runs)), (3, 2, 2))
        self.assertRegex(
            self.line("timeit", "-n 1 -r 1 pass"), r" per loop \(mean ± std. dev. of 1 run, 1 loop each\)\n$"
        )
        self.assertRegex(self.cell("timeit", "-n 1 -r 2 a = 1", "a + 1"), "2 runs, 1 loop each")
        for line in ("", "-n x 1", "-z 1", "-n"):
            with self.assertRaises(UsageError):
                self.line("timeit", line)

    def test_format_of_times(self):
        for seconds, text in (
            (1.5, "1.5 s"),
            (0.0123, "12.3 ms"),
            (4.56e-6, "4.56 μs"),
            (7e-9, "7 ns"),
            (0, "0 ns"),
            (3725, "1h 2min 5s"),
        ):
            self.assertEqual(timing.format_time(seconds), text)

    def test_variables(self):
        self.ns.update(number=1, text="a" * 100, _hidden=2, values=[1, 2])
        self.assertEqual(self.line("who_ls"), ["get_ipython", "number", "text", "values"])
        self.assertEqual(self.line("who_ls", "int list"), ["number", "values"])
        self.assertEqual(self.line("who", "int"), "number\n")
        table = self.line("whos").splitlines()
        self.assertEqual(table[3], "number        int         1")
        self.assertIn("aaaa<...>aaaa", table[4])
        self.assertTrue(table[5].endswith("n=2"))
        self.line("reset", "-f")
        self.assertNotIn("number", self.ns)
        self.assertIn("In", self.ns)
        self.ns.update(ab=1, cd=2)
        self.line("reset_selective", "-f ^a")
        self.assertNotIn("ab", self.ns)
        self.line("xdel", "cd")
        self.assertNotIn("cd", self.ns)
        self.assertEqual(self.line("who"), "Interactive namespace is empty.\n")

    def test_history(self):
        self.assertEqual(self.line("history"), "x = 1\nprint(x)\n")
        self.assertEqual(self.line("history", "-n 2"), "   2: print(x)\n")
        self.assertEqual(self.line("history", "-l 1"), "print(x)\n")
        with self.assertRaises(UsageError):
            self.line("history", "a-b")

    def test_precision(self):
        self.line("precision", "3")
        self.assertEqual(self.publisher.formatter.text(3.14159), "3.142")
        self.assertEqual(fake.state["precision"], "%.3f")
        self.line("precision", "")
        self.assertEqual(self.publisher.formatter.text(3.14159), "3.14159")
        with self.assertRaises(UsageError):
            self.line("precision", "a")

    def test_folders_and_files(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = os.path.realpath(folder)
            self.assertEqual(self.line("cd", folder), folder + "\n")
            self.assertEqual(self.line("pwd"), folder)
            self.assertEqual(self.cell("writefile", "a.txt", "one\n"), "Writing a.txt\n")
            self.assertEqual(self.cell("writefile", "-a a.txt", "two\n"), "Appending to a.txt\n")
            self.assertEqual(
                self.cell("writefile", "'b c.py'", "import sys\nvalue = sys.argv[1]\n"), "Writing b c.py\n"
            )
            with open("a.txt") as file:
                self.assertEqual(file.read(), "one\ntwo\n")
            self.assertEqual(self.line("ls"), "a.txt  b c.py\n")
            self.assertRegex(self.line("ls", "-l"), r"^ +8 \w{3} \d\d \d\d:\d\d a.txt\n")
            self.line("run", "'b c.py' given")
            self.assertEqual(self.ns["value"], "given")
            with self.assertRaisesRegex(UsageError, "No such file"):
                self.line("run", "nothing.py")
            with self.assertRaisesRegex(UsageError, "No such file"):
                self.line("cd", "/no/such/folder")
            self.line("cd", "-q /")
            self.assertEqual(self.line("cd", "-"), folder + "\n")
            os.chdir("/")

    def test_environment(self):
        with mock.patch.dict(os.environ):
            self.assertEqual(self.line("env", "A_NAME=a value"), "env: A_NAME=a value\n")
            self.assertEqual(self.line("env", "A_NAME"), "a value")
            self.assertEqual(self.line("set_env", "A_NAME other"), "env: A_NAME=other\n")
            with self.assertRaises(UsageError):
                self.line("env", "NO_SUCH_NAME_HERE")

    def test_capture(self):
        self.cell(
            "capture",
            "kept",
            "print('out')\nimport sys; print('err', file=sys.stderr)\nget_ipython().display_pub.display(1)\n2",
        )
        kept = self.ns["kept"]
        self.assertEqual((kept.stdout, kept.stderr, len(kept.outputs)), ("out\n", "err\n", 2))
        self.assertEqual(fake.messages(wire.DISPLAY), [])
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
            kept.show()
        self.assertEqual((out.getvalue(), len(fake.messages(wire.DISPLAY))), ("out\nerr\n", 2))
        with self.assertRaises(ZeroDivisionError):
            self.cell("capture", "", "1/0")
        self.assertNotIn("publish", vars(self.publisher))

    def test_shown_cells(self):
        for name, kind in (
            ("html", "text/html"),
            ("markdown", "text/markdown"),
            ("latex", "text/latex"),
            ("javascript", "application/javascript"),
            ("svg", "image/svg+xml"),
        ):
            self.cell(name, "", "text")
            self.assertEqual(fake.messages(wire.DISPLAY)[-1]["data"][kind], "text")

    def test_help(self):
        self.ns["function"] = lambda a, b=1: None
        self.assertIn("Signature: function(a, b=1)", self.line("pinfo", "function"))
        self.assertIn("Return the number of items", self.line("pinfo", "len"))
        self.assertEqual(self.line("pinfo", "nothing.at.all"), "Object `nothing.at.all` not found.\n")
        self.assertIn("Time the execution", self.line("pinfo", "%time"))
        self.assertIn(
            "def pip(line):",
            self.line("pinfo2", "get_ipython().run_line_magic") + inspect.getsource(magics.packages.pip),
        )
        self.assertIn("Return the number", self.line("pdoc", "len"))

    def test_commands(self):
        no_program = mock.patch("subprocess.Popen", side_effect=FileNotFoundError)
        with no_program, mock.patch("os.path.exists", lambda path: False):
            with self.assertRaisesRegex(
                commands.CommandNotAvailable, "`!ls -l` cannot run: commands are not available"
            ):
                self.shell.system("ls -l")
        self.assertEqual(
            self.shell.getoutput("pip install json"), ["Requirement already satisfied: json in /usr/lib/python3.13"]
        )

    def test_expansion(self):
        self.ns.update(name="value", number=3)
        for text, expanded in (
            ("{name} $name", "value value"),
            ("{number + 1}", "4"),
            ("{unknown} $unknown", "{unknown} $unknown"),
            ("{{name}}", "{name}}"),
            ("$", "$"),
            ("{", "{"),
        ):
            self.assertEqual(self.shell.expand(text), expanded)

    def test_own_magics(self):
        self.addCleanup(magics.LINE.pop, "mine", None)
        self.shell.register_magic_function(lambda line: line.upper(), "line", "mine")
        self.assertEqual(self.shell.magic("%mine a b"), "A B")

    def test_magics_within_magics(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(self.shell.run_cell("x = 4\n%time x + 1"), 5)


class Environment(ShellTest):
    def setUp(self):
        super().setUp()
        self.streams = streams.Streams()
        self.options = options.Options(self.streams, self.ns)
        patch = mock.patch.dict(os.environ, {"KEPT": "old"})
        patch.start()
        self.addCleanup(patch.stop)

    def begin(self, **members):
        return self.options.begin(wire.dumps(members))

    def test_variables_are_set_and_restored(self):
        undo = self.begin(env={"KEPT": "new", "FRESH": "é", "HOME": None})
        self.assertEqual((os.environ["KEPT"], os.environ["FRESH"], os.environ.get("HOME")), ("new", "é", None))
        os.environ["FRESH"] = "changed by the cell"
        self.options.end(undo)
        self.assertEqual((os.environ["KEPT"], os.environ.get("FRESH")), ("old", None))
        self.assertIn("HOME", os.environ)

    def test_a_replaced_environ_does_not_matter(self):
        real = os.environ
        undo = self.begin(env={"KEPT": "new"})
        os.environ = None
        try:
            self.options.end(undo)
        finally:
            os.environ = real
        self.assertEqual(os.environ["KEPT"], "old")

    def test_arguments_and_file(self):
        before = sys.argv
        undo = self.begin(argv=["a", "b"], filename="/home/user/a.py", silent=True)
        self.assertEqual((sys.argv, self.ns["__file__"]), (["a", "b"], "/home/user/a.py"))
        self.assertEqual((fake.state["file_name"], fake.state["silent"]), ("/home/user/a.py", True))
        self.options.end(undo)
        self.assertIs(sys.argv, before)
        self.assertNotIn("__file__", self.ns)

    def test_folder(self):
        self.options.end(self.begin(cwd="/"))
        self.assertEqual(os.getcwd(), "/")
        with self.assertRaises(FileNotFoundError):
            self.begin(cwd="/no/such/folder", env={"KEPT": "new"})
        self.assertEqual(os.environ["KEPT"], "old")

    def test_input(self):
        with mock.patch.object(sys, "stdin"):
            undo = self.begin(stdin=True)
            self.assertTrue(self.streams.has_input)
            self.options.end(undo)
            self.assertFalse(self.streams.has_input)

    def test_what_means_nothing_is_refused_and_changes_nothing(self):
        for members in (
            {"env": {"A=B": "c"}},
            {"env": {"": "c"}},
            {"env": {"A": 5}},
            {"env": {"A": "\0"}},
            {"env": []},
            {"argv": [1]},
            {"cwd": 5},
            {"stdin": "yes"},
            {"unknown": 1},
        ):
            with self.assertRaises(options.OptionsError, msg=members):
                self.begin(**members)
        for data in (b"[]", b"{", b"\xff"):
            with self.assertRaises(options.OptionsError):
                self.options.begin(data)
        self.assertEqual(os.environ["KEPT"], "old")


class Renewing(ShellTest):
    def setUp(self):
        super().setUp()
        self.calls = calls.Calls()
        self.sandcell = types.ModuleType("sandcell")
        self.renewal = renewal.Renewal(self.shell, self.sandcell, self.calls)
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)

    def renew(self, **order):
        self.renewal.renew(wire.dumps(order))

    def test_randomness(self):
        self.renew(entropy="01" * 32)
        first = random.random()
        self.renew(entropy="01" * 32)
        self.assertEqual(random.random(), first)
        self.renew(entropy="02" * 32)
        self.assertNotEqual(random.random(), first)
        self.renewal.renew(b"")

    def test_host_functions(self):
        self.ns["taken"] = "mine"
        self.renew(
            functions=[{"name": "lookup", "doc": "d", "schema": None}, {"name": "taken"}, {"name": "not a name"}]
        )
        self.assertIsInstance(self.ns["lookup"], calls.HostFunction)
        self.assertIs(self.sandcell.lookup, self.ns["lookup"])
        self.assertEqual(self.ns["taken"], "mine")
        self.assertNotIn("lookup", self.shell.user_names())
        self.renew(functions=[])
        self.assertNotIn("lookup", self.ns)
        self.assertFalse(hasattr(self.sandcell, "taken"))
        self.assertEqual(self.ns["taken"], "mine")

    def test_calls_of_the_original_are_not_the_copys(self):
        self.calls.under_way[1] = calls.Blocking()
        self.renew()
        self.assertEqual(self.calls.under_way, {})

    def test_environment_and_folder(self):
        self.renew(environment={"RENEWED": "yes"}, cwd="/")
        self.assertEqual((os.environ["RENEWED"], os.getcwd()), ("yes", "/"))
        for order in ({"entropy": "xyz"}, {"environment": {"a": 1}}, {"cwd": "/no/such/folder"}):
            with self.assertRaises((ValueError, OSError)):
                self.renew(**order)
        with self.assertRaises(ValueError):
            self.renewal.renew(b"[]")


class Sources(unittest.TestCase):
    def test_classes_are_found_in_their_cells(self):
        cells = {
            "Cell In[1]": "class A:\n    x = 1\n",
            "Cell In[2]": "\n@decorated\nclass B:\n    def m(self):\n        pass\n",
        }
        namespace = {"__name__": "__main__", "decorated": lambda kind: kind}
        for name, source in cells.items():
            exec(compile(source, name, "exec"), namespace)
        self.assertEqual(sources.find_class(namespace["B"], cells), "Cell In[2]")
        if sys.version_info >= (3, 13):
            self.assertEqual(sources.find_class(namespace["A"], cells), "Cell In[1]")


if __name__ == "__main__":
    unittest.main()
