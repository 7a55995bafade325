import ast
import unittest

from sandcell_kernel.rewrite import rewrite


class LineMagics(unittest.TestCase):
    def check(self, source, *lines):
        self.assertEqual(rewrite(source), "\n".join(lines))
        ast.parse("\n".join(lines))

    def test_a_magic_becomes_a_call(self):
        self.check("%pwd", "get_ipython().run_line_magic('pwd', '')")
        self.check("x = 1\n%time f(x)", "x = 1", "get_ipython().run_line_magic('time', 'f(x)')")

    def test_indented_magic_keeps_its_indentation(self):
        self.check("for i in y:\n    %time i\n", "for i in y:", "    get_ipython().run_line_magic('time', 'i')", "")

    def test_continued_magic_keeps_the_number_of_lines(self):
        self.check("%time f(1, \\\n   2)\nx", "get_ipython().run_line_magic('time', 'f(1,  2)')", "", "x")

    def test_assignment(self):
        self.check("a = %timeit -o 1", "a = get_ipython().run_line_magic('timeit', '-o 1')")
        self.check("a, b = !ls -l", "a, b = get_ipython().getoutput('ls -l')")
        self.check("d['k'] = %pwd", "d['k'] = get_ipython().run_line_magic('pwd', '')")

    def test_commands(self):
        self.check("!ls -l", "get_ipython().system('ls -l')")
        self.check("!!ls", "get_ipython().getoutput('ls')")
        self.check('if x:\n  !echo "don\'t"\ny', "if x:", "  get_ipython().system('echo \"don\\'t\"')", "y")

    def test_help(self):
        self.check("len?", "get_ipython().run_line_magic('pinfo', 'len')")
        self.check("a.b[0]??", "get_ipython().run_line_magic('pinfo2', 'a.b[0]')")
        self.check("?len", "get_ipython().run_line_magic('pinfo', 'len')")
        self.check("%time?", "get_ipython().run_line_magic('pinfo', '%time')")

    def test_words_that_stand_for_magics(self):
        self.check("pip install x", "get_ipython().run_line_magic('pip', 'install x')")
        self.check("cd /tmp", "get_ipython().run_line_magic('cd', '/tmp')")
        self.assertIsNone(rewrite("pip install x", known=lambda name: name == "pip"))
        self.assertIsNone(rewrite("time = 3 +"))
        self.assertIsNone(rewrite("ls.sort( +"))


class WhatIsPython(unittest.TestCase):
    def test_strings_and_brackets_are_left_alone(self):
        for source in (
            "x = '''\n%foo\n!ls\n'''",
            'x = """\n%foo\n"""',
            "x = (1\n%2)",
            "x = [\n!a\n]",
            "x = 1 \\\n%2",
            "s = 'a\\\n%b'",
            "# comment\n# %foo",
            "x = '#'\ny",
            "x = 'a' # don't\ny = 1",
            "a = b != c",
        ):
            self.assertIsNone(rewrite(source), source)

    def test_magic_after_strings_is_found(self):
        for head in ("x = '''\n%a\n'''", "x = (1,\n 2)", "x = 'it''s'", 'x = f"{a}"', "x = 'don\\'t'", "# (", 'r"\\"'):
            self.assertTrue(rewrite(head + "\n%pwd").endswith("\nget_ipython().run_line_magic('pwd', '')"), head)


class Cells(unittest.TestCase):
    def test_cell_magic(self):
        self.assertEqual(rewrite("%%time\nx = 1\n"), "get_ipython().run_cell_magic('time', '', 'x = 1\\n')")
        self.assertEqual(rewrite("\n%%html a b\n<p>\n%x"), "\nget_ipython().run_cell_magic('html', 'a b', '<p>\\n%x')")
        self.assertEqual(rewrite("%%time?"), "get_ipython().run_line_magic('pinfo', '%%time')")
        self.assertIsNone(rewrite("x\n%%time\n"))
        self.assertIsNone(rewrite("%%\n"))

    def test_cell_magic_keeps_any_text(self):
        body = "it's \"quoted\" \\n \\\\ '''\n\ttab"
        call = ast.parse(rewrite("%%html\n" + body), mode="eval").body
        self.assertEqual(ast.literal_eval(call.args[2]), body)

    def test_uniform_indentation(self):
        self.assertEqual(rewrite("  x = 1\n  if x:\n    y = 2"), "x = 1\nif x:\n  y = 2")
        self.assertEqual(rewrite("\n    a\n    %pwd"), "\na\nget_ipython().run_line_magic('pwd', '')")
        self.assertIsNone(rewrite("x\n  y"))

    def test_prompts(self):
        self.assertEqual(rewrite(">>> x = 1\n>>> if x:\n...     y\n"), "x = 1\nif x:\n    y\n")
        self.assertEqual(rewrite("In [3]: x\n   ...: y"), "x\ny")

    def test_line_ends(self):
        self.assertEqual(rewrite("%pwd\r\nx"), "get_ipython().run_line_magic('pwd', '')\nx")

    def test_nothing_to_do(self):
        for source in ("", "\n\n", "x = (", "x y"):
            self.assertIsNone(rewrite(source))

    def test_a_long_hostile_cell_takes_no_long_time(self):
        self.assertIsNone(rewrite("(" * 200_000))
        self.assertIsNone(rewrite("x = [" + "a\n" * 100_000))
        self.assertEqual(rewrite("%a\n" * 20_000).count("run_line_magic"), 20_000)


if __name__ == "__main__":
    unittest.main()
