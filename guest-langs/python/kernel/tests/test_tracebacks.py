import sys
import textwrap
import types
import unittest
from unittest import mock

from sandcell_kernel import frames, report, tracebacks, wire

from . import fake

RULE = "-" * 75


def head(name):
    return name + "Traceback (most recent call last)".rjust(75 - len(name))


class Rendering(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.cells = {}
        self.renderer = tracebacks.Renderer(self.cells)

    def error(self, source, number=1, namespace=None):
        """The exception that a cell raises."""
        name = f"Cell In[{number}]"
        source = textwrap.dedent(source).strip("\n")
        self.cells[name] = source
        try:
            exec(compile(source, name, "exec"), {} if namespace is None else namespace)
        except BaseException as error:
            return error
        self.fail("nothing was raised")

    def text(self, source):
        return self.renderer.text(self.error(source))

    def test_one_line(self):
        self.assertEqual(
            self.text("1/0"),
            f"{RULE}\n{head('ZeroDivisionError')}\nCell In[1], line 1\n----> 1 1/0\n\n"
            "ZeroDivisionError: division by zero",
        )

    def test_functions_show_their_arguments_and_lines(self):
        text = self.text(
            """
            def f(x):
                y = 1
                return x/0

            def g(a, *b, c=1, **d):
                # comment
                return f(a)
            g(1)
            """
        )
        self.assertEqual(
            text.split("\n\n")[1:3],
            [
                "Cell In[1], line 7, in g(a, c, *b, **d)\n      5 def g(a, *b, c=1, **d):\n      6     # comment\n"
                "----> 7     return f(a)",
                "Cell In[1], line 3, in f(x)\n      1 def f(x):\n      2     y = 1\n----> 3     return x/0",
            ],
        )

    def test_lines_are_dedented(self):
        text = self.text("class A:\n    def m(self):\n        1\n        2\n        3\n        4\n        1/0\nA().m()")
        self.assertIn("in A.m(self)\n      4 2\n      5 3\n      6 4\n----> 7 1/0", text)

    def test_library_frames(self):
        text = self.text("import json\njson.loads('{')")
        self.assertRegex(text, r"\n\nFile /.*/json/decoder.py:\d+, in JSONDecoder.decode\(self, s, _w\)\n +\d+ ")
        self.assertTrue(text.endswith("(char 1)"))

    def test_cause_and_context(self):
        text = self.text("try:\n    1/0\nexcept Exception as e:\n    raise ValueError('two') from e")
        self.assertIn("\n\nZeroDivisionError: division by zero\n\nThe above exception was the direct cause", text)
        self.assertTrue(text.endswith("ValueError: two"))
        self.assertEqual(text.count(RULE), 1)
        self.assertIn("During handling of the above", self.text("try:\n    1/0\nexcept Exception:\n    x"))
        self.assertNotIn("During handling", self.text("try:\n    1/0\nexcept Exception:\n    raise KeyError from None"))

    def test_an_endless_chain(self):
        error = self.error("a, b = ValueError('a'), ValueError('b')\na.__cause__ = b\nb.__cause__ = a\nraise a")
        self.assertEqual(self.renderer.text(error).count("ValueError: "), 2)
        text = self.text(
            "e = None\nfor i in range(1000):\n    n = ValueError(i)\n    n.__cause__ = e\n    e = n\nraise e"
        )
        self.assertLess(text.count("\nValueError: "), 30)
        self.assertIn("earlier exceptions left out", text)

    def test_notes(self):
        self.assertTrue(
            self.text("e = ValueError('x')\ne.add_note('note 1')\nraise e").endswith("ValueError: x\nnote 1")
        )
        self.assertIn("ValueError: x", self.text("e = ValueError('x')\ne.__notes__ = 5\nraise e"))

    def test_groups(self):
        text = self.text("raise ExceptionGroup('eg', [ValueError(1), ExceptionGroup('in', [KeyError(2)])])")
        self.assertIn(
            "ExceptionGroup: eg (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError", text
        )
        self.assertIn("    |     | KeyError: 2\n", text)
        wide = self.text("raise ExceptionGroup('eg', [ValueError(n) for n in range(100)])")
        self.assertIn("and 85 more exceptions", wide)
        deep = self.text("e = KeyError(1)\nfor i in range(50):\n    e = ExceptionGroup('g', [e])\nraise e")
        self.assertIn("nested too deeply", deep)

    def test_recursion_is_collapsed(self):
        text = self.text("def r(n): return r(n+1)\nr(0)")
        self.assertRegex(text, r"\[\.\.\. skipping similar frames: r at line 1 \(\d+ times\)\]")
        self.assertLess(len(text), 1500)
        text = self.text("def a(n): return b(n)\ndef b(n): return a(n+1)\na(0)")
        self.assertRegex(text, r"skipping similar frames: [ab] at line \d \(\d+ times\), [ab] at line \d \(\d+ times\)")

    def test_a_very_long_traceback_is_cut(self):
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(20_000)
        try:
            error = self.error("def r(n):\n    if n: return r(n-1)\n    1/0\nr(10000)")
        finally:
            sys.setrecursionlimit(limit)
        text = self.renderer.text(error)
        self.assertIn("frames]", text)
        self.assertTrue(text.endswith("ZeroDivisionError: division by zero"))
        self.assertLess(len(text), 3000)

    def test_many_different_frames_are_cut(self):
        source = "".join(f"def f{n}(): f{n + 1}()\n" for n in range(500)) + "def f500(): 1/0\nf0()"
        text = self.text(source)
        self.assertIn("[... skipping 402 frames]", text)

    def test_exceptions_that_cannot_be_told(self):
        self.assertTrue(
            self.text("class E(Exception):\n    def __str__(self): raise KeyError\nraise E").endswith(
                "E: <exception str() failed: KeyError>"
            )
        )
        self.assertTrue(
            self.text("class E(Exception):\n    def __str__(self): return 5\nraise E").endswith("TypeError>")
        )

    def test_huge_values_are_cut_and_say_so(self):
        text = self.text("raise ValueError('x' * 1000000)")
        self.assertLess(len(text), 70_000)
        self.assertIn("value cut: 934464 of 1000000 characters left out", text)
        self.assertLess(len(self.text("raise type('E' * 100000, (Exception,), {})")), 1000)
        self.assertLess(len(self.text("x = '" + "y" * 100_000 + "' + 1")), 2000)

    def test_properties_of_the_exception_are_not_believed(self):
        text = self.text(
            "class E(Exception):\n    __traceback__ = property(lambda self: 1/0)\n"
            "    __cause__ = property(lambda self: 1/0)\nraise E('x')"
        )
        self.assertIn("----> 4 raise E('x')\n\nE: x", text)

    def test_frames_before_the_cell_and_of_the_kernel_are_hidden(self):
        namespace = {"call": wire.dumps}
        error = self.error("call(object())", namespace=namespace)
        text = self.renderer.text(error)
        self.assertEqual(text.count("\n\n"), 1)
        self.assertNotIn("wire.py", text)

    def test_the_file_of_a_cell(self):
        self.cells["/home/user/x.py"] = "1/0"
        try:
            exec(compile("1/0", "/home/user/x.py", "exec"))
        except ZeroDivisionError as error:
            self.assertIn("\nFile /home/user/x.py:1\n----> 1 1/0\n", self.renderer.text(error))

    def test_broken_modules_do_not_matter(self):
        import linecache

        with mock.patch.object(linecache, "getlines", None), mock.patch.object(linecache, "cache", None):
            self.assertIn("----> 1 1/0", self.text("1/0"))


class SyntaxErrors(unittest.TestCase):
    def text(self, source):
        cells = {"Cell In[1]": source}
        try:
            compile(source, "Cell In[1]", "exec")
        except SyntaxError as error:
            return tracebacks.Renderer(cells).text(error.with_traceback(None))
        self.fail("no syntax error")

    def test_line_and_caret(self):
        self.assertEqual(
            self.text("x = 1\n1 +"), "  Cell In[1], line 2\n    1 +\n       ^\nSyntaxError: invalid syntax"
        )
        self.assertRegex(
            self.text("if x:\n    return yy"), r"    return yy\n    \^{9}\nSyntaxError: 'return' outside function"
        )

    def test_without_line(self):
        error = SyntaxError("source code cannot contain null bytes")
        self.assertEqual(
            tracebacks.Renderer({}).text(error), "  File <string>\nSyntaxError: source code cannot contain null bytes"
        )

    def test_strange_attributes(self):
        error = SyntaxError("x")
        error.filename, error.lineno, error.offset, error.text, error.msg = 5, "a", -3, b"", 7
        self.assertIn("SyntaxError: <no detail available>", tracebacks.Renderer({}).text(error))
        error.filename, error.lineno, error.offset, error.text = "f", 1, 10**9, "abc"
        self.assertIn("    abc\nSyntaxError", tracebacks.Renderer({}).text(error))

    def test_in_a_module_that_a_cell_imports(self):
        cells = {"Cell In[1]": "compile('1 +', 'mod.py', 'exec')"}
        try:
            exec(compile(cells["Cell In[1]"], "Cell In[1]", "exec"))
        except SyntaxError as error:
            text = tracebacks.Renderer(cells).text(error)
        self.assertIn("----> 1 compile('1 +', 'mod.py', 'exec')\n\n  File mod.py:1\n    1 +\n", text)


class Reports(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.reporter = report.Reporter({}, None)
        for name in ("last_exc", "last_value", "last_type", "last_traceback"):
            self.addCleanup(sys.__dict__.pop, name, None)

    def test_long_traceback_is_cut_once_it_was_told(self):
        def dive(levels):
            if levels == 0:
                raise ValueError("deep")
            dive(levels - 1)

        def caught():
            limit = sys.getrecursionlimit()
            sys.setrecursionlimit(20_000)
            try:
                try:
                    dive(5_000)
                except ValueError:
                    dive(5_000)
            except ValueError as error:
                return error
            finally:
                sys.setrecursionlimit(limit)

        error = caught()
        self.report(error)
        for link in (error, error.__context__):
            levels, level = 0, link.__traceback__
            while level is not None:
                levels, level = levels + 1, level.tb_next
            self.assertEqual(levels, report.KEPT_LEVELS)

    def report(self, error, silent=False):
        status = self.reporter.report(error, silent)
        messages = fake.messages(wire.ERROR)
        return status, messages[-1] if messages else None

    def test_an_error(self):
        status, message = self.report(ValueError("bad"))
        self.assertEqual(status, report.RAISED)
        self.assertEqual((message["name"], message["value"]), ("ValueError", "bad"))
        self.assertTrue(message["traceback"].startswith(RULE))
        self.assertEqual(str(sys.last_value), "bad")

    def test_an_interrupt(self):
        self.assertEqual(self.report(KeyboardInterrupt())[0], report.INTERRUPTED)

    def test_exits(self):
        for code in (None, 0):
            self.assertEqual(self.report(SystemExit(code)), (report.FINISHED, None))
        self.assertEqual(self.report(SystemExit())[0], report.FINISHED)
        for code, value in ((3, "3"), ("bye", "bye")):
            status, message = self.report(SystemExit(code))
            self.assertEqual((status, message["name"], message["value"]), (report.RAISED, "SystemExit", value))

    def test_usage_errors_have_no_traceback(self):
        self.assertEqual(self.report(tracebacks.UsageError("so"))[1]["traceback"], "UsageError: so")

    def test_a_silent_cell_leaves_nothing_in_sys(self):
        self.report(ValueError("x"), silent=True)
        self.assertFalse(hasattr(sys, "last_value"))

    def test_when_even_the_traceback_fails(self):
        with mock.patch.object(frames, "walk", side_effect=RuntimeError):
            status, message = self.report(ValueError("bad"))
        self.assertEqual(status, report.RAISED)
        self.assertIn("ValueError: bad\n[the traceback could not be made: RuntimeError]", message["traceback"])


class Loaders(unittest.TestCase):
    def test_a_loader_gives_the_source(self):
        loader = types.SimpleNamespace(get_source=lambda name: "first\n1/0\n")
        namespace = {"__loader__": loader, "__name__": "zipped"}
        try:
            exec(compile("\n1/0", "archive.zip/zipped.py", "exec"), namespace)
        except ZeroDivisionError as error:
            self.assertIn("      1 first\n----> 2 1/0", tracebacks.Renderer({}).text(error))


if __name__ == "__main__":
    unittest.main()
