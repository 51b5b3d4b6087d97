"""Tasks: when their steps run, and how they end."""

import asyncio
import contextvars

from harness.programs import Boom, attempt, create_task, new_loop, outcome, program, report, say, ticks


async def steps(name, count):
    for step in range(count):
        say(name, step)
        await asyncio.sleep(0)
    say(name, "ends")
    return name


@program
async def steps_of_tasks_take_turns():
    tasks = [create_task(steps(name, count)) for name, count in (("a", 3), ("b", 1), ("c", 2))]
    say("made")
    for task in tasks:
        say("got", await task)


@program
async def a_task_begins_in_the_next_tick_and_callbacks_keep_their_place():
    loop = asyncio.get_running_loop()
    loop.call_soon(say, "called before")
    create_task(steps("task", 1))
    loop.call_soon(say, "called after")
    say("nothing yet")
    await ticks(3)


@program
async def who_awaits_a_task_goes_on_a_tick_after_its_end():
    loop = asyncio.get_running_loop()

    async def child():
        say("child")
        loop.call_soon(say, "called by the child")
        return "result"

    task = create_task(child())
    task.add_done_callback(lambda done: say("callback", done.result()))
    loop.call_soon(loop.call_soon, say, "a tick after the child")
    say(await task)
    await ticks(1)


@program
async def a_coroutine_is_awaited_without_a_tick():
    async def inner():
        say("inner")
        return "result"

    asyncio.get_running_loop().call_soon(say, "a tick later")
    say(await inner())
    await ticks(1)


@program
async def tasks_that_end_in_one_tick_are_awaited_in_any_order():
    async def child(name):
        await ticks(1)
        return name

    first, second = create_task(child("first")), create_task(child("second"))
    say(await second)
    say(first.done())
    say(await first)


@program
async def a_chain_of_tasks_takes_a_tick_for_each():
    loop = asyncio.get_running_loop()
    count = 0

    def tick():
        nonlocal count
        count += 1
        if count < 100:
            loop.call_soon(tick)

    async def chain(depth):
        if depth == 0:
            return "result"
        return await create_task(chain(depth - 1))

    loop.call_soon(tick)
    say(await create_task(chain(5)), "after", count)


@program
async def a_task_ends_with_its_failure():
    async def fail():
        await ticks(1)
        raise Boom("failed")

    task = create_task(fail())
    say(attempt(task.exception))
    say(await outcome(task))
    say(task.done(), task.cancelled())
    say(attempt(task.exception))
    say(await outcome(task))


@program
async def a_lost_failure_of_a_task_is_reported():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)

    async def fail(text):
        raise Boom(text)

    task = loop.create_task(fail("seen"))
    say(await outcome(task))
    task = loop.create_task(fail("lost"))
    await ticks(2)
    del task
    say("end")


@program
async def names_are_given_and_changed():
    task = create_task(steps("task", 0), name="given")
    say(task.get_name())
    task.set_name("changed")
    say(task.get_name())
    await task
    say(task.get_name())


@program
async def the_current_task_is_known_in_tasks_and_none_in_callbacks():
    loop = asyncio.get_running_loop()

    async def child():
        return asyncio.current_task().get_name()

    say(await create_task(child(), name="child"))
    loop.call_soon(lambda: say("in a callback", asyncio.current_task()))
    asyncio.current_task().set_name("main")
    await ticks(1)
    say(await child())


@program
async def all_tasks_are_those_that_are_not_done():
    def names():
        return sorted(task.get_name() for task in asyncio.all_tasks())

    asyncio.current_task().set_name("main")
    first = create_task(steps("first", 1), name="first")
    create_task(steps("second", 3), name="second")
    say(names())
    await first
    say(names())
    await ticks(3)
    say(names())


@program
async def a_task_runs_in_a_copy_of_the_context_or_in_the_one_given():
    variable = contextvars.ContextVar("variable", default="default")

    async def child(value):
        say("found", variable.get())
        variable.set(value)
        await ticks(1)
        say("kept", variable.get())

    variable.set("main")
    await create_task(child("copy"))
    say(variable.get())
    given = contextvars.copy_context()
    await create_task(child("given"), context=given)
    say(variable.get(), given.run(variable.get))
    await child("inline")
    say(variable.get())


@program
async def ensure_future_keeps_a_task_and_wraps_a_coroutine():
    async def child():
        return "result"

    task = create_task(child())
    say(asyncio.ensure_future(task) is task)
    say(await asyncio.ensure_future(task))
    say(await asyncio.ensure_future(child()))


@program
async def a_task_that_awaits_itself_fails():
    async def itself():
        return await outcome(tasks[0])

    tasks = [create_task(itself())]
    say(await tasks[0])


@program
async def sleeping_tasks_wake_by_their_deadlines():
    async def sleeper(name, delay):
        say(name, "result", await asyncio.sleep(delay, name))

    for name, delay in (("late", 3), ("early", 1), ("middle", 2)):
        create_task(sleeper(name, delay))
    await asyncio.sleep(4)


@program
def tasks_of_a_closed_loop_are_refused():
    loop = new_loop()
    loop.close()
    coroutine = steps("never", 1)
    say(attempt(loop.create_task, coroutine))
    coroutine.close()
