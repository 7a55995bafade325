import io
import sys
import unittest
from unittest import mock

from sandcell_kernel import streams

from . import fake


class Writing(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.streams = streams.Streams()
        self.out, self.err = self.streams.stdout, self.streams.stderr

    def test_one_write_is_one_frame(self):
        self.assertEqual(self.out.write("héllo\n"), 6)
        self.err.write("bad")
        self.assertEqual(fake.frames, [(1, "héllo\n".encode()), (2, b"bad")])

    def test_nothing_written_is_no_frame(self):
        self.out.write("")
        self.assertEqual(fake.frames, [])

    def test_bytes_go_out_as_they_are(self):
        self.assertEqual(self.out.buffer.write(b"\xff\x00"), 2)
        self.out.buffer.write(memoryview(b"abcd")[::2])
        self.out.buffer.raw.write(bytearray(b"x"))
        self.assertEqual([data for _, data in fake.frames], [b"\xff\x00", b"ac", b"x"])

    def test_surrogates(self):
        self.out.write("\udcff")
        self.err.write("\ud800")
        self.assertEqual(fake.frames, [(1, b"\xff"), (2, b"\\ud800")])
        with self.assertRaises(UnicodeEncodeError):
            self.out.write("\ud800")

    def test_only_text(self):
        with self.assertRaisesRegex(TypeError, "must be str, not bytes"):
            self.out.write(b"x")

    def test_properties(self):
        self.assertEqual((self.out.fileno(), self.err.fileno()), (1, 2))
        self.assertFalse(self.out.isatty())
        self.assertFalse(self.out.readable() or self.out.seekable())
        self.assertTrue(self.out.writable())
        self.assertEqual(
            (self.out.encoding, self.out.errors, self.err.errors), ("utf-8", "surrogateescape", "backslashreplace")
        )
        self.out.reconfigure(line_buffering=True)
        self.out.flush()
        with self.assertRaises(io.UnsupportedOperation):
            self.out.detach()

    def test_the_limit_of_output(self):
        fake.limit = 3
        self.out.write("abc")
        with self.assertRaises(OSError):
            self.out.write("d")

    def test_closed_for_one_cell(self):
        self.out.close()
        self.assertTrue(self.out.closed and fake.closed[1])
        for write in (lambda: self.out.write("x"), lambda: self.out.buffer.write(b"x"), self.out.flush):
            with self.assertRaisesRegex(ValueError, "closed file"):
                write()
        self.streams.repair()
        self.out.write("again")
        self.assertEqual((fake.frames, fake.closed[1]), ([(1, b"again")], False))

    def test_repair_gives_back_what_is_missing_only(self):
        own = io.StringIO()
        with mock.patch.object(sys, "stdout", None), mock.patch.object(sys, "stderr", own):
            self.streams.repair()
            self.assertIs(sys.stdout, self.out)
            self.assertIs(sys.stderr, own)


class Input(unittest.TestCase):
    def setUp(self):
        fake.reset()
        self.streams = streams.Streams()
        for name in ("stdin", "stdout"):
            patch = mock.patch.object(sys, name, getattr(self.streams, name))
            patch.start()
            self.addCleanup(patch.stop)

    def test_without_input(self):
        with self.assertRaisesRegex(streams.StdinNotImplementedError, "no standard input"):
            self.streams.input("? ")
        self.assertTrue(issubclass(streams.StdinNotImplementedError, RuntimeError))

    def test_with_input(self):
        self.streams.has_input = True
        self.streams.stdin = sys.stdin = io.StringIO("Bob\nlast")
        self.assertEqual(self.streams.input("name? "), "Bob")
        self.assertEqual(self.streams.input(), "last")
        with self.assertRaises(EOFError):
            self.streams.input()
        self.assertEqual(fake.frames, [(1, b"name? ")])

    def test_a_stdin_of_the_users_own(self):
        sys.stdin = io.StringIO("mine\n")
        self.assertEqual(self.streams.input(), "mine")


if __name__ == "__main__":
    unittest.main()
