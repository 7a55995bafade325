import asyncio
import contextlib
import unittest
from asyncio import events
from unittest import mock

from sandcell_kernel import calls, loop, unavailable

from . import fake


class LoopTest(unittest.TestCase):
    """A kernel's loop whose time is that of the fake host."""

    def setUp(self):
        fake.reset()
        self.reported = []
        self.calls = calls.Calls()
        self.keeper = loop.LoopKeeper(self.calls, self.reported.append)
        self.loop = self.keeper.loop
        saved = [
            (module, name, getattr(module, name))
            for module in (events, asyncio)
            for name in ("_set_running_loop", "_get_running_loop")
        ]
        policy = asyncio.get_event_loop_policy()
        names = [
            (asyncio, name, getattr(asyncio, name))
            for name in ("SelectorEventLoop", "DefaultEventLoopPolicy", "EventLoop")
            if hasattr(asyncio, name)
        ]
        names += [
            (asyncio.unix_events, name, getattr(asyncio.unix_events, name))
            for _, name, _ in names
            if hasattr(asyncio.unix_events, name)
        ]
        self.keeper.install()
        for kind in (loop.SandboxEventLoop,):
            patch = mock.patch.object(kind, "time", lambda self: fake.clock / 1e9)
            patch.start()
            self.addCleanup(patch.stop)

        def restore():
            self.keeper._real_set(None)
            loop.SandboxEventLoop.close(self.loop)
            for module, name, value in saved + names:
                setattr(module, name, value)
            asyncio.set_event_loop_policy(policy)

        self.addCleanup(restore)

    def run_cell(self, coroutine):
        return self.keeper.await_value(coroutine)


class Awaiting(LoopTest):
    def test_sleep_waits_in_the_host(self):
        async def main():
            await asyncio.sleep(2)
            return "done"

        self.assertEqual(self.run_cell(main()), "done")
        self.assertAlmostEqual(fake.clock / 1e9, 2)
        self.assertTrue(all(wait >= 0 for wait in fake.waits))

    def test_gather_takes_as_long_as_the_longest(self):
        async def main():
            return await asyncio.gather(asyncio.sleep(1, "a"), asyncio.sleep(3, "b"), asyncio.sleep(2, "c"))

        self.assertEqual(self.run_cell(main()), ["a", "b", "c"])
        self.assertAlmostEqual(fake.clock / 1e9, 3)

    def test_wait_for_queue_and_task_group(self):
        async def main():
            queue = asyncio.Queue(1)

            async def produce():
                for number in range(3):
                    await queue.put(number)

            async with asyncio.TaskGroup() as group:
                group.create_task(produce())
                got = [await asyncio.wait_for(queue.get(), 1) for _ in range(3)]
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(asyncio.sleep(10), 0.5)
            return got

        self.assertEqual(self.run_cell(main()), [0, 1, 2])

    def test_an_error_is_the_cells(self):
        async def main():
            raise ValueError("x")

        with self.assertRaises(ValueError), self.assertNoLogs("asyncio"):
            self.run_cell(main())

    def test_what_can_never_end_is_told(self):
        async def main():
            await asyncio.Event().wait()

        with self.assertRaisesRegex(RuntimeError, "would wait forever"):
            self.run_cell(main())
        self.assertEqual(self.run_cell(asyncio.sleep(0, 1)), 1)

    def test_background_tasks_live_on(self):
        seen = []

        async def tick():
            for number in range(3):
                seen.append(number)
                await asyncio.sleep(1)

        async def main():
            main.task = asyncio.create_task(tick())

        self.run_cell(main())
        self.keeper.turn()
        self.assertEqual(seen, [0])
        fake.clock += 1_000_000_000
        self.keeper.turn()
        self.assertEqual(seen, [0, 1])
        self.run_cell(asyncio.sleep(5))
        self.assertTrue(main.task.done())

    def test_a_forgotten_error_is_logged(self):
        async def bad():
            raise ValueError("lost")

        with self.assertLogs("asyncio", "ERROR") as logs:
            asyncio.create_task(bad())
            self.keeper.turn()
            import gc

            gc.collect()
        self.assertIn("Task exception was never retrieved", logs.output[0])


class Interrupts(LoopTest):
    def test_an_interrupted_wait_cancels_the_cell_and_shows_its_line(self):
        cancelled = []

        async def main():
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        fake.interrupts = 1
        names = []
        try:
            self.run_cell(main())
        except KeyboardInterrupt as error:
            entry = error.__traceback__
            while entry:
                names.append(entry.tb_frame.f_code.co_name)
                entry = entry.tb_next
        self.assertEqual(cancelled, [True])
        self.assertIn("main", names)

    def test_background_tasks_survive_an_interrupt(self):
        async def background():
            await asyncio.sleep(1)
            return "alive"

        async def main():
            main.task = asyncio.create_task(background())
            await asyncio.sleep(100)

        fake.interrupts = 1
        with self.assertRaises(KeyboardInterrupt):
            self.run_cell(main())

        async def later():
            return await main.task

        self.assertEqual(self.run_cell(later()), "alive")

    def test_a_task_that_will_not_be_cancelled_is_left(self):
        going_on = True

        async def main():
            while going_on:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)

        fake.interrupts = 1
        with self.assertRaises(KeyboardInterrupt):
            self.run_cell(main())
        self.assertLess(fake.clock / 1e9, 1)
        going_on = False
        self.run_cell(asyncio.sleep(1))

    def test_in_the_code_of_the_cell(self):
        async def main():
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.run_cell(main())
        self.assertEqual(self.run_cell(asyncio.sleep(0, 1)), 1)


class PlainCells(LoopTest):
    """In a cell without await the loop counts as running, but does not run."""

    def test_create_task(self):
        task = asyncio.create_task(asyncio.sleep(0, "x"))
        self.keeper.turn()
        self.assertEqual(task.result(), "x")
        self.assertIs(asyncio.get_running_loop(), self.loop)

    def test_asyncio_run_has_a_loop_of_its_own(self):
        async def main():
            self.assertIsInstance(asyncio.get_running_loop(), loop.SandboxEventLoop)
            self.assertIsNot(asyncio.get_running_loop(), self.loop)
            await asyncio.sleep(1)
            return 5

        self.assertEqual(asyncio.run(main()), 5)
        self.assertIs(asyncio.get_running_loop(), self.loop)

    def test_asyncio_run_within_a_running_loop_is_refused(self):
        async def main():
            coroutine = asyncio.sleep(0)
            self.addCleanup(coroutine.close)
            with self.assertRaisesRegex(RuntimeError, "cannot be called from a running event loop"):
                asyncio.run(coroutine)

        self.run_cell(main())

    def test_run_until_complete_and_close(self):
        self.assertEqual(self.loop.run_until_complete(asyncio.sleep(0.1, "y")), "y")
        self.loop.close()
        self.assertEqual(self.run_cell(asyncio.sleep(0, 1)), 1)

    def test_exit_in_a_background_task(self):
        async def leave():
            raise SystemExit(3)

        task = asyncio.create_task(leave())
        self.keeper.turn()
        self.assertIsInstance(self.reported[0], SystemExit)
        self.assertIs(task.exception(), self.reported[0])

    def test_a_broken_loop_does_not_break_every_cell(self):
        self.loop.call_soon(int)
        with mock.patch.object(self.loop, "_run_once", side_effect=TypeError("broken")):
            self.keeper.turn()
        self.assertEqual(len(self.reported), 1)
        self.assertEqual(self.run_cell(asyncio.sleep(0, 1)), 1)


class Refusals(LoopTest):
    def test_what_the_loop_cannot_do(self):
        async def main():
            for coroutine, error in (
                (self.loop.create_connection(None, "x", 1), OSError),
                (self.loop.getaddrinfo("x", 1), OSError),
            ):
                with self.assertRaisesRegex(error, "not available in this sandbox"):
                    await coroutine
            with self.assertRaises(NotImplementedError):
                self.loop.add_signal_handler(2, print)
            done = []
            self.loop.call_soon_threadsafe(done.append, 1)
            await asyncio.sleep(0)
            return done

        self.assertEqual(self.run_cell(main()), [1])


class HostFunctions(LoopTest):
    def setUp(self):
        super().setUp()
        fake.functions["double"] = lambda x: (1_000_000_000, 2 * x)
        fake.functions["bad"] = lambda: (0, ValueError("nope"))
        self.double = calls.HostFunction(self.calls, "double")
        self.bad = calls.HostFunction(self.calls, "bad")

    def test_plain(self):
        self.assertEqual(self.double(4), 8)
        self.assertEqual(self.calls.under_way, {})

    def test_awaited_several_at_once(self):
        async def main():
            return await asyncio.gather(*(self.double(number) for number in range(4)))

        self.assertEqual(self.run_cell(main()), [0, 2, 4, 6])
        self.assertAlmostEqual(fake.clock / 1e9, 1)

    def test_blocking_within_a_coroutine(self):
        async def main():
            other = self.double(1)
            return self.double.blocking(5), await other

        self.assertEqual(self.run_cell(main()), (10, 2))

    def test_errors(self):
        with self.assertRaises(calls.HostFunctionError) as caught:
            self.bad()
        error = caught.exception
        self.assertEqual(
            (error.name, error.message, error.function, str(error)), ("ValueError", "nope", "bad", "ValueError: nope")
        )

        async def main():
            with self.assertRaises(calls.HostFunctionError):
                await self.bad()

        self.run_cell(main())

    def test_refusals_of_the_host(self):
        for id, name in (
            (-1, "UnknownFunction"),
            (-2, "ArgumentsTooLarge"),
            (-3, "TooManyCalls"),
            (-4, "Malformed"),
            (-5, "CallLimitExceeded"),
            (-9, "Refused"),
        ):
            fake.functions["refused"] = id
            with self.assertRaises(calls.HostFunctionError) as caught:
                calls.HostFunction(self.calls, "refused")()
            self.assertEqual(caught.exception.name, name)

    def test_only_json(self):
        for value in (object(), {1, 2}, float("nan"), b"x"):
            with self.assertRaisesRegex(TypeError, "values that JSON can hold"):
                self.double(value)

    def test_an_interrupt_drops_the_call(self):
        fake.interrupts = 1
        with self.assertRaises(KeyboardInterrupt):
            self.double(1)
        self.assertEqual(self.calls.under_way, {})
        self.assertEqual(self.double(2), 4)

    def test_cancelling(self):
        async def main():
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(self.double(1), 0.1)
            await asyncio.sleep(2)
            return await self.double(3)

        self.assertEqual(self.run_cell(main()), 6)

    def test_a_value_that_is_not_awaited_says_so(self):
        async def main():
            call = self.double(1)
            self.assertIn("`await` it", repr(call))
            with self.assertRaisesRegex(TypeError, "write `await double"):
                call["key"]
            return await call

        self.assertEqual(self.run_cell(main()), 2)

    def test_a_call_of_a_background_task_reaches_it_in_a_later_cell(self):
        async def main():
            main.task = asyncio.create_task(wait())

        async def wait():
            return await self.double(7)

        self.run_cell(main())
        self.keeper.turn()
        self.assertFalse(main.task.done())
        fake.clock += 2_000_000_000
        self.keeper.turn()
        self.assertEqual(main.task.result(), 14)

    def test_calls_do_not_survive_a_copy(self):
        async def main():
            main.task = asyncio.create_task(wait())

        async def wait():
            return await self.double(7)

        self.run_cell(main())
        self.keeper.turn()
        self.calls.lose()
        self.keeper.turn()
        self.assertEqual(main.task.exception().name, "Lost")
        self.assertEqual(self.double(2), 4)

    def test_signature_and_help(self):
        import inspect

        schema = {
            "type": "object",
            "properties": {"key": {}, "n": {"default": 3}, "flag": {}},
            "required": ["key", "flag"],
        }
        function = calls.HostFunction(self.calls, "lookup", "Look it up.", schema)
        self.assertEqual(str(inspect.signature(function)), "(key, flag, n=3)")
        self.assertEqual((function.__doc__, function.__name__), ("Look it up.", "lookup"))
        self.assertEqual(repr(function), "<host function lookup(key, flag, n=3)>")
        for odd in (None, {}, {"properties": {"not a name": {}}}, {"properties": []}, []):
            self.assertIsNone(calls.make_signature(odd))


class Finder(unittest.TestCase):
    def test_only_an_import_is_told(self):
        import importlib.util
        import sys

        sys.meta_path.append(unavailable.MissingFinder)
        self.addCleanup(sys.meta_path.remove, unavailable.MissingFinder)
        with mock.patch.dict(unavailable.MODULES, {"no_such_module_here": ("thing", "there is none")}):
            self.assertIsNone(importlib.util.find_spec("no_such_module_here"))
            with self.assertRaisesRegex(
                ModuleNotFoundError, "thing is not available in this sandbox: there is none"
            ) as caught:
                import no_such_module_here  # noqa: F401
        self.assertEqual(caught.exception.name, "no_such_module_here")
        with self.assertRaisesRegex(ModuleNotFoundError, "^No module named 'mistyped_name'$"):
            import mistyped_name  # noqa: F401

    def test_functions_of_os(self):
        import os

        with self.assertRaisesRegex(AttributeError, "no attribute 'fork' \\(a process"):
            unavailable._missing_os_function("fork")
        with self.assertRaisesRegex(AttributeError, "no attribute 'nonsense'$") as caught:
            unavailable._missing_os_function("nonsense")
        self.assertIs(caught.exception.obj, os)


if __name__ == "__main__":
    unittest.main()
