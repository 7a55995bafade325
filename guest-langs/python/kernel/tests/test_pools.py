import asyncio
import concurrent.futures
from unittest import mock

from sandcell_kernel import pools

from . import test_loop


class Pools(test_loop.LoopTest):
    def setUp(self):
        super().setUp()
        patch = mock.patch.object(concurrent.futures.ThreadPoolExecutor, "submit", pools.submit)
        patch.start()
        self.addCleanup(patch.stop)

    def test_functions_run_in_the_order_in_which_they_are_handed_over(self):
        done = []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(done.append, number) for number in range(5)]
            self.assertEqual(list(pool.map(pow, (2, 3), (3, 2))), [8, 9])
        self.assertEqual(done, list(range(5)))
        self.assertEqual(len(list(concurrent.futures.as_completed(futures))), 5)
        with self.assertRaisesRegex(RuntimeError, "after shutdown"):
            pool.submit(print)

    def test_exceptions_wait_in_the_future_and_interrupts_do_not(self):
        def fail(error):
            raise error

        pool = concurrent.futures.ThreadPoolExecutor()
        for error in (ValueError("x"), StopIteration(), SystemExit(3)):
            self.assertIs(pool.submit(fail, error).exception(), error)
        with self.assertRaises(KeyboardInterrupt):
            pool.submit(fail, KeyboardInterrupt())

    def test_the_initializer_runs_once_and_breaks_the_pool_when_it_fails(self):
        started = []
        pool = concurrent.futures.ThreadPoolExecutor(initializer=started.append, initargs=(1,))
        self.assertEqual([pool.submit(len, "ab").result() for _ in range(3)], [2, 2, 2])
        self.assertEqual(started, [1])
        pool = concurrent.futures.ThreadPoolExecutor(initializer=int, initargs=("x",))
        with self.assertLogs("concurrent.futures", "CRITICAL"):
            future = pool.submit(len, "ab")
        self.assertIsInstance(future.exception(), concurrent.futures.BrokenExecutor)
        with self.assertRaises(concurrent.futures.BrokenExecutor):
            pool.submit(len, "ab")

    def test_coroutines_wait_for_functions(self):
        async def main():
            loop = asyncio.get_running_loop()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                found = await asyncio.gather(
                    asyncio.to_thread(pow, 2, 3),
                    loop.run_in_executor(None, len, "abc"),
                    loop.run_in_executor(pool, len, "abcd"),
                )
            with self.assertRaises(ValueError):
                await asyncio.to_thread(int, "x")
            cancelled = loop.run_in_executor(None, found.append, "never")
            cancelled.cancel()
            await asyncio.sleep(0)
            return found

        self.assertEqual(self.run_cell(main()), [8, 3, 4])

    def test_a_function_has_loops_of_its_own(self):
        async def inner():
            await asyncio.sleep(0.001)
            return asyncio.get_running_loop()

        def function():
            with self.assertRaisesRegex(RuntimeError, "no running event loop"):
                asyncio.get_running_loop()
            return asyncio.run(inner()), asyncio.run(inner())

        async def main():
            here = asyncio.get_running_loop()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                pairs = [pool.submit(function).result(), await asyncio.to_thread(function)]
            self.assertIs(asyncio.get_running_loop(), here)
            return here in (loop for pair in pairs for loop in pair)

        self.assertFalse(self.run_cell(main()))
