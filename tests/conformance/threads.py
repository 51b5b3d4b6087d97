"""Threads: what they run, what comes back, and in which order."""

import asyncio
import concurrent.futures
import contextvars
import threading

from harness.programs import Boom, create_task, outcome, program, say, ticks


def fail(text):
    raise Boom(text)


async def through():
    """Ends the threads; by the loop's time there is no limit to that."""
    await asyncio.get_running_loop().shutdown_default_executor()


@program
async def a_function_in_a_thread_gives_its_result_or_its_failure():
    loop = asyncio.get_running_loop()
    say(await loop.run_in_executor(None, lambda: "result"))
    say(await outcome(loop.run_in_executor(None, fail, "failed")))
    say(await asyncio.to_thread(lambda: "result"))
    say(await outcome(asyncio.to_thread(fail, "failed")))
    await through()


@program
async def a_function_in_a_thread_runs_in_another_thread_and_the_loop_goes_on():
    loop = asyncio.get_running_loop()
    gate = threading.Event()
    task = create_task(asyncio.to_thread(gate.wait))
    await ticks(3)
    say("the loop goes on", task.done())
    gate.set()
    say(await task)
    here = threading.get_ident()
    say(await loop.run_in_executor(None, lambda: threading.get_ident() == here))
    await through()


@program
async def to_thread_takes_the_context_along():
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("here")

    def change():
        found = variable.get()
        variable.set("there")
        return found

    say(await asyncio.to_thread(change), variable.get())
    await through()


@program
async def a_pool_of_one_thread_runs_one_after_the_other():
    loop = asyncio.get_running_loop()
    order = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, order.append, number) for number in range(5)))
    say(order)


@program
async def a_function_that_waits_for_a_thread_can_be_cancelled():
    loop = asyncio.get_running_loop()
    gate = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = loop.run_in_executor(pool, gate.wait)
        second = loop.run_in_executor(pool, fail, "never")
        say("cancel", second.cancel())
        say(await outcome(second))
        gate.set()
        await first
    say("end")


@program
async def calls_from_a_thread_run_in_their_order():
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def calls():
        for number in range(3):
            loop.call_soon_threadsafe(say, "call", number)
        loop.call_soon_threadsafe(done.set_result, "done")

    thread = threading.Thread(target=calls)
    thread.start()
    say(await done)
    thread.join()


@program
async def a_coroutine_of_a_thread_runs_on_the_loop():
    loop = asyncio.get_running_loop()
    here = threading.get_ident()

    async def answer(failure):
        await ticks(1)
        if failure:
            raise failure
        return threading.get_ident() == here

    def asks(failure):
        return asyncio.run_coroutine_threadsafe(answer(failure), loop).result()

    say(await asyncio.to_thread(asks, None))
    say(await outcome(asyncio.to_thread(asks, Boom("failed"))))
    await through()


@program
async def a_concurrent_future_becomes_one_of_the_loop():
    concurrent_future = concurrent.futures.Future()
    future = asyncio.wrap_future(concurrent_future)
    thread = threading.Thread(target=concurrent_future.set_result, args=("result",))
    thread.start()
    say(await future)
    thread.join()
    failing = concurrent.futures.Future()
    failing.set_exception(Boom("failed"))
    say(await outcome(asyncio.wrap_future(failing)))


@program
async def a_cancel_of_either_future_is_one_of_both():
    first, second = concurrent.futures.Future(), concurrent.futures.Future()
    wrapped = asyncio.wrap_future(first)
    wrapped.cancel()
    await ticks(2)
    say(first.cancelled())
    wrapped = asyncio.wrap_future(second)
    second.cancel()
    say(await outcome(wrapped))


@program
async def no_thread_begins_after_the_shutdown():
    loop = asyncio.get_running_loop()
    say(await loop.run_in_executor(None, lambda: "before"))
    await through()

    async def late():
        return await loop.run_in_executor(None, lambda: "never")

    say(await outcome(late()))
