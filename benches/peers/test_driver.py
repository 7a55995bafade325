"""The pure parts of the driver: `python3 -m unittest discover benches/peers`."""

import sys
import unittest
import xml.dom.minidom
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from driver import catalogue, figures, install, plot, process, report, workload
from driver.measure import Measured, Session, key


def peer(name, language="python"):
    return next(
        one for one in catalogue.PEERS if one.name == name and one.language == language
    )


def measured(new, cpu, memory=1e6):
    one = Measured()
    one.times["new"] = new
    one.cpu = {"fib": {"clock": "cpu", "cpu": [cpu], "wall": [cpu], "refused": None}}
    one.memory = [memory]
    return one


PEERS = [peer("sandcell"), peer("pyeryx"), peer("python3")]


def results(theirs=5.0):
    ours, other, floor = measured([1.0, 3.0, 2.0], 20), measured([theirs], 30), measured([], 10)
    return dict(zip(map(key, PEERS), (ours, other, floor)))


class Figures(unittest.TestCase):
    def test_minimum_and_median(self):
        self.assertEqual(figures.of([3, 1, 2]), figures.Figure(1, 2))
        self.assertIsNone(figures.of([]))

    def test_a_mean_says_how_many_parts_it_has(self):
        one = measured([], 20)
        one.cpu["json"] = {"clock": "cpu", "cpu": [], "wall": [], "refused": "cannot"}
        mean = figures.figure("cpu", one, measured([], 10))
        self.assertEqual((mean.least, mean.parts), (2.0, (1, 2)))

    def test_three_digits(self):
        said = [figures.rounded(value) for value in (0, 0.012345, 1.2345, 123.45, 12345.6)]
        self.assertEqual(said, ["0", "0.0123", "1.23", "123", "12346"])

    def test_who_is_ahead(self):
        self.assertEqual(figures.ahead("new", PEERS, results(5.0), key), [])
        ahead = figures.ahead("new", PEERS, results(0.5), key)
        self.assertEqual([one.name for one, _, _ in ahead], ["pyeryx"])


class Report(unittest.TestCase):
    def test_a_row_that_is_lost_is_in_the_text(self):
        lines = list(report.loss_lines(PEERS, results(0.5)))
        self.assertTrue(any("pyeryx** 0.500 against 1.00 ms" in line for line in lines))

    def test_ratios_stand_beside_figures(self):
        text = report.tables(PEERS, results(5.0), {"python/pyodide": "no npm"})
        self.assertIn("5.00 / 5.00 · 5.00×", text)
        self.assertIn("- python/pyodide: no npm", text)

    def test_pipes_of_errors_break_no_table(self):
        self.assertEqual(report.row(["a|b"]), "| a\\|b |")

    def test_survival(self):
        self.assertEqual(
            report.survival({"ended": "TimeoutError: 1 s", "variables": True, "new": True}),
            "TimeoutError: 1 s; variables live",
        )
        self.assertIn("**gone**", report.survival({"gone": "gone"}))

    def test_the_plot_is_well_formed(self):
        xml.dom.minidom.parseString(plot.drawn(PEERS, results()))


class Plan(unittest.TestCase):
    def test_names_are_their_own(self):
        names = [key(one) for one in catalogue.PEERS]
        self.assertEqual(len(names), len(set(names)))

    def test_each_phase_is_known(self):
        for one in catalogue.PEERS:
            self.assertLessEqual(set(one.phases), set(catalogue.PHASES))
            self.assertIn(one.packages, ("", *install.SETS))

    def test_programs_have_names_of_their_own(self):
        for language in workload.FIRST:
            calls = [program.call for program in workload.programs(language)]
            self.assertEqual(len(calls), len(set(calls)))

    def test_each_begins_once_in_as_many_rounds(self):
        session = Session(PEERS, None, print)
        firsts = {session.turns(number)[0].name for number in range(3)}
        self.assertEqual(len(firsts), 3)

    def test_pins_have_hashes(self):
        for name in install.PYTHONS:
            text = (install.HERE / f"packages/{name}.txt").read_text()
            blocks = [block for block in text.replace("\\\n", "").splitlines() if block.strip()]
            self.assertTrue(all("==" in block and "--hash=" in block for block in blocks), name)


class Process(unittest.TestCase):
    def test_fields(self):
        self.assertEqual(process.field_bytes("A: 1 kB\nVmRSS:  20 kB\n", "VmRSS:"), 20480)

    def test_ends_are_named(self):
        self.assertIn("SIGABRT", process.ended_by(-6))


if __name__ == "__main__":
    unittest.main()
