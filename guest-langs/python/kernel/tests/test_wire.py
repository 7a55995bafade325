import json
import math
import unittest

from sandcell_kernel import wire


class Wire(unittest.TestCase):
    def test_round_trip(self):
        value = {"a": [1, -2.5, None, True, 'é\n"\\\u2028'], "": {}}
        self.assertEqual(wire.loads(wire.dumps(value)), value)
        self.assertEqual(json.loads(wire.dumps(value)), value)

    def test_lone_surrogates_become_question_marks(self):
        self.assertEqual(wire.dumps("a\ud800b"), b'"a?b"')

    def test_what_json_cannot_hold(self):
        circle = []
        circle.append(circle)
        deep = []
        for _ in range(100_000):
            deep = [deep]
        for value, error in (
            (object(), TypeError),
            ({1, 2}, TypeError),
            (math.nan, ValueError),
            (circle, ValueError),
            ({(1, 2): 3}, TypeError),
            (deep, ValueError),
        ):
            with self.assertRaises(error):
                wire.dumps(value)

    def test_a_failed_encoding_leaves_nothing_behind(self):
        shared = [object()]
        with self.assertRaises(TypeError):
            wire.dumps(shared)
        shared[0] = 1
        self.assertEqual(wire.dumps(shared), b"[1]")

    def test_bad_text(self):
        for text in (b"", b"{", b"1 2", b"\xff", b"nul"):
            with self.assertRaises(ValueError):
                wire.loads(text)
        self.assertEqual(wire.loads(b" [1] \n"), [1])

    def test_json_module_is_not_needed(self):
        dumps = json.dumps
        json.dumps = None
        try:
            self.assertEqual(wire.dumps([1]), b"[1]")
        finally:
            json.dumps = dumps
