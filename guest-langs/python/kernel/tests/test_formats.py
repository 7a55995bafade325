import collections
import sys
import unittest
from unittest import mock

from sandcell_kernel import display, formats, rich, wire

from . import fake


class Bundles(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.reported = []
        self.formatter = formats.Formatter(self.reported.append)
        patch = mock.patch.object(sys, "stderr")
        self.stderr = patch.start()
        self.addCleanup(patch.stop)

    def test_plain(self):
        self.assertEqual(self.formatter.bundle(5), ({"text/plain": "5"}, {}))

    def test_rich_forms(self):
        class Rich:
            def __repr__(self):
                return "R"

            def _repr_html_(self):
                return "<b>"

            def _repr_png_(self):
                return b"png", {"width": 3}

            def _repr_jpeg_(self):
                return "aGk="

            def _repr_json_(self):
                return {"a": [1]}

            def _repr_markdown_(self):
                return None

        data, metadata = self.formatter.bundle(Rich())
        self.assertEqual(
            data,
            {
                "text/html": "<b>",
                "image/png": "cG5n",
                "image/jpeg": "aGk=",
                "application/json": {"a": [1]},
                "text/plain": "R",
            },
        )
        self.assertEqual(metadata, {"image/png": {"width": 3}})

    def test_mimebundle_and_methods_together(self):
        class Both:
            def _repr_mimebundle_(self, include=None, exclude=None):
                return {"text/plain": "b", "text/html": "own", "x/y": b"\0"}, {"x/y": {"k": 1}}

            def _repr_html_(self):
                raise AssertionError("the bundle has it")

            def _repr_latex_(self):
                return "$x$"

        data, metadata = self.formatter.bundle(Both())
        self.assertEqual(data, {"text/plain": "b", "text/html": "own", "x/y": "AA==", "text/latex": "$x$"})
        self.assertEqual(metadata, {"x/y": {"k": 1}})

    def test_include_and_exclude(self):
        class Two:
            def _repr_html_(self):
                return "<b>"

        self.assertEqual(list(self.formatter.bundle(Two(), include=["text/html"])[0]), ["text/html"])
        self.assertEqual(list(self.formatter.bundle(Two(), exclude=["text/html"])[0]), ["text/plain"])

    def test_a_form_that_raises_is_reported_and_left_out(self):
        class Bad:
            def _repr_html_(self):
                raise ValueError("no")

            def __repr__(self):
                raise KeyError("never")

        data, _ = self.formatter.bundle(Bad())
        self.assertEqual(data, {"text/plain": "<unprintable Bad object>"})
        self.assertEqual([type(error) for error in self.reported], [ValueError, KeyError])

    def test_an_interrupt_is_not_swallowed(self):
        class Slow:
            def _repr_html_(self):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.formatter.bundle(Slow())

    def test_wrong_types_are_left_out(self):
        class Wrong:
            def _repr_html_(self):
                return 5

            def _repr_json_(self):
                return {"x": object()}

        data, _ = self.formatter.bundle(Wrong())
        self.assertEqual(list(data), ["text/plain"])
        self.assertEqual(self.stderr.write.call_count, 2)

    def test_classes_and_objects_that_answer_to_every_name(self):
        class Html:
            def _repr_html_(self):
                return "x"

        class Anything:
            def __getattr__(self, name):
                return lambda *args, **kwargs: "x"

        self.assertEqual(list(self.formatter.bundle(Html)[0]), ["text/plain"])
        self.assertEqual(list(self.formatter.bundle(Anything())[0]), ["text/plain"])
        self.assertEqual(list(self.formatter.bundle(mock.Mock())[0]), ["text/plain"])

    def test_a_huge_text_is_cut_and_says_so(self):
        text = self.formatter.text("x" * 5_000_000)
        self.assertLess(len(text), 1_100_000)
        self.assertIn("output cut", text)

    def test_a_very_deep_value(self):
        deep = []
        for _ in range(100_000):
            deep = [deep]
        self.assertEqual(self.formatter.text(deep), "<unprintable list object>")
        self.assertIsInstance(self.reported[0], RecursionError)


class Display(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.publisher = display.Publisher(formats.Formatter(lambda error: None))

    def test_display_and_update(self):
        handle = self.publisher.display("a", display_id=True)
        handle.update("b")
        (first,), (second,) = fake.messages(wire.DISPLAY), fake.messages(wire.UPDATE)
        self.assertEqual(first["data"], {"text/plain": "'a'"})
        self.assertEqual(second, {"data": {"text/plain": "'b'"}, "metadata": {}, "display_id": first["display_id"]})
        self.assertIsNone(self.publisher.display(1, 2))
        with self.assertRaisesRegex(TypeError, "display_id required"):
            self.publisher.display("x", update=True)

    def test_raw_metadata_and_clear(self):
        self.publisher.display({"text/html": "<i>", "image/png": b"\0"}, raw=True, metadata={"a": 1}, clear=True)
        self.assertEqual(fake.messages(wire.CLEAR), [{"wait": True}])
        self.assertEqual(
            fake.messages(wire.DISPLAY), [{"data": {"text/html": "<i>", "image/png": "AA=="}, "metadata": {"a": 1}}]
        )
        with self.assertRaises(TypeError):
            self.publisher.display("text", raw=True)

    def test_own_display(self):
        class Own:
            def _ipython_display_(self):
                fake.emit(1, b"own")

        self.publisher.display(Own())
        self.publisher.show(Own())
        self.assertEqual(fake.frames, [(1, b"own")] * 2)

    def test_result(self):
        self.publisher.show({"a": 1})
        self.assertEqual(fake.messages(wire.RESULT), [{"data": {"text/plain": "{'a': 1}"}, "metadata": {}}])

    def test_classes_of_ipython(self):
        bundle = self.publisher.formatter.bundle
        for value, kind, item in (
            (rich.HTML("<b>"), "text/html", "<b>"),
            (rich.Markdown("# x"), "text/markdown", "# x"),
            (rich.SVG("<?xml?><svg/>"), "image/svg+xml", "<svg/>"),
            (rich.Image(b"\x89PNG"), "image/png", "iVBORw=="),
            (rich.Image(b"\xff\xd8x"), "image/jpeg", "/9h4"),
            (rich.JSON('{"a": 1}'), "application/json", {"a": 1}),
            (rich.Math("x"), "text/latex", "$\\displaystyle x$"),
            (rich.Code("a < b"), "text/html", "<pre><code>a &lt; b</code></pre>"),
            (rich.Pretty("x\ny"), "text/plain", "x\ny"),
        ):
            self.assertEqual(bundle(value)[0][kind], item)
        self.assertEqual(repr(rich.HTML("x")), "<IPython.core.display.HTML object>")
        with self.assertRaisesRegex(OSError, "no network"):
            rich.HTML(url="https://example.org")


class Pretty(unittest.TestCase):
    def text(self, value):
        return formats.pretty.pretty(value)

    def test_short_values_are_their_repr(self):
        for value in (1, "a\n", [1, [2]], (1,), {}, {"a": (1, 2)}, set(), b"x", None, 1.5, range(3)):
            self.assertEqual(self.text(value), repr(value))

    def test_long_containers_take_a_line_per_item(self):
        self.assertEqual(self.text(["x" * 50, "y" * 50]), f"['{'x' * 50}',\n '{'y' * 50}']")
        self.assertEqual(self.text({"k": ["x" * 50, "y" * 50]}), f"{{'k': ['{'x' * 50}',\n  '{'y' * 50}']}}")
        self.assertTrue(self.text(list(range(2000))).endswith(" 999,\n ...]"))

    def test_types_and_functions(self):
        def function(a, b=1):
            pass

        name = f"{__name__}.Pretty.test_types_and_functions.<locals>.function"
        self.assertEqual(self.text([int, collections.Counter]), "[int, collections.Counter]")
        self.assertEqual(self.text(function), f"<function {name}(a, b=1)>")
        self.assertEqual(self.text(len), "<function len(obj, /)>")

    def test_collections(self):
        self.assertEqual(self.text({3, 1, 2}), "{1, 2, 3}")
        self.assertEqual(self.text(collections.OrderedDict(a=1)), "OrderedDict({'a': 1})")
        self.assertEqual(self.text(collections.Counter("aab")), "Counter({'a': 2, 'b': 1})")
        self.assertEqual(self.text(collections.defaultdict(list, x=[1])), "defaultdict(list, {'x': [1]})")
        self.assertEqual(self.text(collections.deque([1], maxlen=2)), "deque([1], maxlen=2)")

    def test_circles(self):
        value = [1]
        value.append(value)
        self.assertEqual(self.text(value), "[1, [...]]")

    def test_plain_objects(self):
        self.assertRegex(self.text(object()), "^<object at 0x[0-9a-f]+>$")

    def test_own_printing(self):
        class Own:
            def _repr_pretty_(self, p, cycle):
                with p.group(4, "Own(", ")"):
                    p.pretty(["x" * 60])
                    p.text(",")
                    p.breakable()
                    p.pretty("y" * 20)

        self.assertEqual(self.text(Own()), f"Own(['{'x' * 60}'],\n    '{'y' * 20}')")

    def test_float_format(self):
        self.assertEqual(formats.pretty.pretty([1.23456, 1], "%.2f"), "[1.23, 1]")


if __name__ == "__main__":
    unittest.main()
