"""Futures: their states, their callbacks, and who waits for them."""

import asyncio
import contextvars
import gc

from harness.programs import Boom, attempt, create_task, new_loop, outcome, program, report, say, ticks


def state(future):
    return [future.done(), future.cancelled(), attempt(future.result)]


@program
async def a_future_has_one_of_three_states():
    loop = asyncio.get_running_loop()
    pending, result, failed, cancelled = (loop.create_future() for _ in range(4))
    result.set_result("result")
    failed.set_exception(Boom("failed"))
    say("cancel", cancelled.cancel())
    for name, future in (("pending", pending), ("result", result), ("failed", failed), ("cancelled", cancelled)):
        say(name, state(future))
        say("exception", attempt(future.exception))


@program
async def a_state_is_reached_once():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.set_result("first")
    say(attempt(future.set_result, "second"))
    say(attempt(future.set_exception, Boom("second")))
    say("cancel", future.cancel())
    say(state(future))
    cancelled = loop.create_future()
    say("cancel", cancelled.cancel("why"), cancelled.cancel("again"))
    say(attempt(cancelled.set_result, "late"))
    say(attempt(cancelled.set_exception, Boom("late")))
    say(state(cancelled))


@program
async def callbacks_run_in_their_order_a_tick_after_the_result():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    for name in ("first", "second", "third"):
        future.add_done_callback(lambda done, name=name: say(name, done.result()))
    loop.call_soon(say, "called before the result")
    future.set_result("result")
    loop.call_soon(say, "called after the result")
    say("set")
    await ticks(1)
    say("a tick later")
    future.add_done_callback(lambda done: say("late", done.result()))
    say("added")
    await ticks(1)
    say("two ticks later")


@program
async def a_callback_may_be_taken_away_until_it_is_scheduled():
    future = asyncio.get_running_loop().create_future()

    def first(_):
        say("first")

    def second(_):
        say("second")

    future.add_done_callback(first)
    future.add_done_callback(second)
    say("removed", future.remove_done_callback(first) == 1)
    say("removed", future.remove_done_callback(first) == 1)
    future.set_result(None)
    say("removed", future.remove_done_callback(second) == 1)
    await ticks(1)


@program
async def a_callback_adds_another_to_its_future():
    future = asyncio.get_running_loop().create_future()

    def first(done):
        say("first")
        done.add_done_callback(lambda _: say("added by the first"))

    future.add_done_callback(first)
    future.add_done_callback(lambda _: say("second"))
    future.set_result(None)
    await ticks(1)
    say("a tick later")
    await ticks(1)
    say("two ticks later")


@program
async def a_callback_runs_in_the_context_it_was_added_in():
    variable = contextvars.ContextVar("variable", default="default")
    future = asyncio.get_running_loop().create_future()
    variable.set("before")
    future.add_done_callback(lambda _: say("first", variable.get()))
    variable.set("after")
    future.add_done_callback(lambda _: say("second", variable.get()))
    other = contextvars.Context()
    other.run(variable.set, "given")
    future.add_done_callback(lambda _: say("third", variable.get()), context=other)
    future.set_result(None)
    await ticks(1)
    say(variable.get())


@program
async def those_who_wait_go_on_in_their_order():
    future = asyncio.get_running_loop().create_future()

    async def wait(name):
        say(name, "waits")
        say(name, "got", await future)

    for name in ("a", "b", "c"):
        create_task(wait(name))
    await ticks(1)
    future.set_result("result")
    say("set")
    await ticks(1)
    say("a tick later")
    say(await future, await future)


@program
async def a_failure_is_raised_for_each_who_waits():
    future = asyncio.get_running_loop().create_future()
    tasks = [create_task(outcome(future)) for _ in range(3)]
    await ticks(1)
    future.set_exception(Boom("failed"))
    for task in tasks:
        say(await task)
    say(await outcome(future))


@program
async def a_cancelled_future_cancels_those_who_wait():
    future = asyncio.get_running_loop().create_future()

    async def wait():
        return await future

    tasks = [create_task(wait()) for _ in range(2)]
    await ticks(1)
    future.cancel("why")
    for task in tasks:
        say(await outcome(task))
        say(task.cancelled(), task.cancelling())


@program
async def one_of_those_who_wait_cancels_the_future_for_all():
    future = asyncio.get_running_loop().create_future()

    async def wait():
        return await future

    first, second = create_task(wait()), create_task(wait())
    await ticks(1)
    say("cancel", first.cancel("why"))
    say(future.cancelled())
    say(await outcome(first))
    say(await outcome(second))
    say(first.cancelling(), second.cancelling())


@program
async def a_future_that_is_done_is_not_waited_for():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.set_result("result")
    loop.call_soon(say, "a tick later")
    say(await future)
    say("no tick has passed")
    await ticks(1)


@program
async def a_lost_failure_is_reported():
    loop = asyncio.get_running_loop()

    loop.set_exception_handler(report)
    lost, seen, asked, cancelled = (loop.create_future() for _ in range(4))
    lost.set_exception(Boom("lost"))
    seen.set_exception(Boom("seen"))
    asked.set_exception(Boom("asked"))
    cancelled.set_exception(Boom("cancelled"))
    say(await outcome(seen))
    say(asked.exception())
    say("cancel", cancelled.cancel())
    del lost, seen, asked, cancelled
    gc.collect()
    say("end")


@program
async def a_future_belongs_to_its_loop():
    other = new_loop()
    future = other.create_future()
    say(future.get_loop() is other)
    say(await outcome(future))
    say(asyncio.get_running_loop().create_future().get_loop() is asyncio.get_running_loop())
    other.close()
