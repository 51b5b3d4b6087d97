"""gather(), wait() and as_completed(): several things at once."""

import asyncio

from harness.programs import Boom, Ticks, create_task, now, outcome, program, report, say, ticks


async def child(name, delay, failure=None):
    try:
        await asyncio.sleep(delay)
    finally:
        say(name, "leaves", now())
    if failure:
        raise failure
    return name


@program
async def gather_gives_results_in_the_order_given():
    say(await asyncio.gather(child("a", 3), child("b", 1), child("c", 2)), now())
    say(await asyncio.gather(), now())


@program
async def gather_fails_with_the_first_and_the_others_run_on():
    gathered = asyncio.gather(child("a", 3), child("b", 1, Boom("b failed")), child("c", 2, Boom("c failed")))
    asyncio.get_running_loop().set_exception_handler(report)
    say(await outcome(gathered), now())
    await asyncio.sleep(5)


@program
async def gather_of_results_and_failures():
    gathered = asyncio.gather(
        child("a", 2), child("b", 1, Boom("failed")), child("c", 3), return_exceptions=True
    )
    say(await gathered, now())


@program
async def a_cancelled_child_is_a_failure_for_gather():
    first = create_task(child("first", 5))
    second = create_task(child("second", 3))
    asyncio.get_running_loop().call_later(1, first.cancel, "the child")
    say(await outcome(asyncio.gather(first, second)), now())
    say(second.done())
    say(await second)


@program
async def a_cancelled_child_is_a_result_if_failures_are():
    first = create_task(child("first", 5))
    asyncio.get_running_loop().call_later(1, first.cancel, "the child")
    say(await asyncio.gather(first, child("second", 2), return_exceptions=True), now())


@program
async def a_cancelled_gather_cancels_all_children():
    async def parent():
        return await asyncio.gather(child("a", 5), child("b", 6))

    task = create_task(parent())
    await asyncio.sleep(1)
    task.cancel("why")
    say(await outcome(task), now(), task.cancelled())


@program
async def a_cancelled_gather_of_failures_waits_for_all_children():
    async def slow():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(2)
            say("clean", now())

    async def parent():
        return await asyncio.gather(child("a", 5), slow(), return_exceptions=True)

    task = create_task(parent())
    await asyncio.sleep(1)
    task.cancel()
    say(await outcome(task), now(), task.cancelled())


@program
async def a_cancel_of_what_gather_returns():
    gathered = asyncio.gather(child("a", 5), child("b", 6))
    await asyncio.sleep(1)
    say(gathered.done(), gathered.cancel())
    say(gathered.done())
    say(await outcome(gathered), gathered.cancel())


@program
async def children_of_gather_begin_in_their_order_a_tick_later():
    async def begin(name):
        say(name, "begins")

    gathered = asyncio.gather(begin("a"), begin("b"))
    say("made")
    await ticks(1)
    say("a tick later")
    await gathered


def names(tasks):
    return sorted(task.get_name() for task in tasks)


def several(*delays):
    return [create_task(child(name, delay), name=name) for name, delay in zip("abcd", delays)]


@program
async def wait_for_all():
    done, pending = await asyncio.wait(several(2, 1, 3))
    say(names(done), names(pending), now())


@program
async def wait_for_the_first():
    tasks = several(3, 1, 1, 4)
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    say(names(done), names(pending), now())
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    say(names(done), names(pending), now())
    await asyncio.wait(tasks)


@program
async def wait_for_the_first_failure():
    tasks = several(1, 2, 5)
    failing = create_task(child("failing", 3, Boom("failed")), name="failing")
    asyncio.get_running_loop().call_later(1.5, tasks[1].cancel)
    done, pending = await asyncio.wait([*tasks, failing], return_when=asyncio.FIRST_EXCEPTION)
    say(names(done), names(pending), now())
    say(failing.exception())
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    say(names(done), names(pending), now())


@program
async def wait_until_a_deadline():
    tasks = several(1, 5)
    done, pending = await asyncio.wait(tasks, timeout=2)
    say(names(done), names(pending), now())
    done, pending = await asyncio.wait(tasks, timeout=0)
    say(names(done), names(pending), now())
    await tasks[1]
    done, pending = await asyncio.wait(tasks, timeout=0)
    say(names(done), names(pending), now())


@program
async def a_cancelled_wait_leaves_the_tasks_alone():
    tasks = several(3)

    async def waiter():
        await asyncio.wait(tasks)

    task = create_task(waiter())
    await asyncio.sleep(1)
    task.cancel("why")
    say(await outcome(task), now(), tasks[0].cancelling())
    say(await tasks[0])


@program
async def wait_for_nothing_is_an_error():
    say(await outcome(asyncio.wait([])))


@program
async def as_completed_gives_what_is_done_in_that_order():
    for next_one in asyncio.as_completed([child("a", 3), child("b", 1, Boom("failed")), child("c", 2)]):
        say("got", await outcome(next_one), now())


@program
async def as_completed_until_a_deadline():
    tasks = several(1, 3, 4)
    for next_one in asyncio.as_completed(tasks, timeout=2):
        say("got", await outcome(next_one), now())
    say([task.done() for task in tasks])
    await asyncio.wait(tasks)


@program
async def how_many_ticks_after_the_end_those_who_wait_go_on():
    async def end():
        await ticks(2)
        return "result"

    async def grouped():
        async with asyncio.TaskGroup() as group:
            group.create_task(end())

    async def completed():
        for next_one in asyncio.as_completed([end()]):
            await next_one

    async def twice():
        await asyncio.gather(asyncio.gather(end()))

    for name, make in (
        ("coroutine", lambda: end()),
        ("task", lambda: create_task(end())),
        ("gather", lambda: asyncio.gather(end(), end())),
        ("gather of failures", lambda: asyncio.gather(end(), end(), return_exceptions=True)),
        ("gather of a gather", lambda: twice()),
        ("shield", lambda: asyncio.shield(end())),
        ("wait", lambda: asyncio.wait([create_task(end())])),
        ("wait_for", lambda: asyncio.wait_for(end(), 1)),
        ("wait_for a task", lambda: asyncio.wait_for(create_task(end()), 1)),
        ("as_completed", lambda: completed()),
        ("task group", lambda: grouped()),
    ):
        awaitable = make()
        counted = Ticks()
        await awaitable
        say(name, counted.count)
        await ticks(60)
