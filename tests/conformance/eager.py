"""Eager tasks: a first step at once."""

import asyncio
import contextvars

from harness.programs import Boom, create_task, outcome, program, say, ticks


def eagerly():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)


def eager_task(coroutine, name):
    # A factory gives the name only after the first step, up to 3.13.
    return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), name=name, eager_start=True)


async def child(name, count):
    say(name, "begins in", asyncio.current_task().get_name())
    await ticks(count)
    say(name, "ends")
    return name


@program
async def an_eager_task_runs_to_its_first_wait():
    task = eager_task(child("a", 1), "task of a")
    say("made", task.done())
    say(await task)


@program
async def a_task_that_does_not_wait_is_done_at_once():
    task = eager_task(child("a", 0), "task of a")
    say("made", task.done(), task.result())
    task.add_done_callback(lambda done: say("callback", done.result()))
    say(await task)
    await ticks(1)


@program
async def the_outer_task_is_current_again():
    asyncio.current_task().set_name("main")

    async def outer():
        eager_task(child("inner", 0), "task of inner")
        say(asyncio.current_task().get_name())

    eager_task(outer(), "outer")
    say(asyncio.current_task().get_name())


@program
async def an_eager_failure_is_kept_for_who_awaits():
    eagerly()

    async def fail():
        raise Boom("failed")

    task = create_task(fail())
    say(task.done(), task.exception())
    say(await outcome(task))


@program
async def an_eager_task_is_cancelled_where_it_waits():
    eagerly()

    async def wait():
        say("begin")
        try:
            await asyncio.sleep(3600)
        finally:
            say("leaving")

    task = create_task(wait())
    task.cancel("why")
    say(await outcome(task))


@program
async def eager_children_see_the_context_of_their_maker_and_keep_their_own():
    eagerly()
    variable = contextvars.ContextVar("variable", default="default")

    async def change():
        say("found", variable.get())
        variable.set("changed")
        say("set", variable.get())
        await ticks(1)
        say("kept", variable.get())

    variable.set("main")
    task = create_task(change())
    say("main", variable.get())
    await task


@program
async def gather_of_eager_tasks_that_are_done_waits_for_nothing():
    eagerly()

    async def child(name):
        say(name)
        return name

    asyncio.get_running_loop().call_soon(say, "a tick later")
    say(await asyncio.gather(child("a"), child("b")))
    await ticks(1)


@program
async def eager_and_other_tasks_take_turns():
    create_task(child("first", 2), name="lazy")
    eager_task(child("second", 2), "eager")
    say("made")
    await ticks(5)
