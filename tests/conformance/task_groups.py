"""Task groups: how failures and cancels spread."""

import asyncio

from harness.programs import Boom, attempt, create_task, now, outcome, program, say, ticks

HOUR = 3600


async def child(name, delay, failure=None):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError as error:
        say(name, "is cancelled", now())
        raise
    say(name, "ends", now())
    if failure:
        raise failure
    return name


async def group_of(*children, body=None):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in children]
        if body:
            await body
        say("body ends", now())
    return [task.result() for task in tasks]


@program
async def a_group_waits_for_its_tasks():
    say(await group_of(child("a", 2), child("b", 1)), now())
    say(await group_of(), now())


@program
async def a_task_that_fails_cancels_the_others_and_the_body():
    group = group_of(child("a", 5), child("b", 1, Boom("failed")), body=child("body", 9))
    say(await outcome(group), now())


@program
async def a_body_that_fails_cancels_the_tasks():
    group = group_of(child("a", 5), body=child("body", 1, Boom("body failed")))
    say(await outcome(group), now())


@program
async def all_failures_come_together():
    async def fails_while_leaving():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            raise Boom("while leaving")

    group = group_of(child("a", 2, Boom("first")), fails_while_leaving(), child("c", 9), body=child("body", 9))
    say(await outcome(group), now())


@program
async def failures_of_one_tick_are_in_the_order_of_the_tasks():
    async def fail(text):
        await ticks(1)
        raise Boom(text)

    say(await outcome(group_of(fail("a"), fail("b"), fail("c"))))


@program
async def a_cancelled_task_is_no_failure():
    async with asyncio.TaskGroup() as group:
        first = group.create_task(child("first", 5))
        second = group.create_task(child("second", 2))
        await asyncio.sleep(1)
        first.cancel()
    say(first.cancelled(), second.result(), now())


@program
async def a_cancel_from_outside_reaches_body_and_tasks():
    task = create_task(group_of(child("a", 5), body=child("body", 9)))
    await asyncio.sleep(1)
    task.cancel("outside")
    say(await outcome(task), now(), task.cancelled(), task.cancelling())


@program
async def a_cancel_from_outside_while_the_group_waits():
    task = create_task(group_of(child("a", 5)))
    await asyncio.sleep(1)
    task.cancel("outside")
    say(await outcome(task), now(), task.cancelled(), task.cancelling())


@program
async def a_cancel_and_a_failure_together_are_a_failure_and_then_a_cancel():
    async def main():
        async def fails_while_leaving():
            try:
                await asyncio.sleep(HOUR)
            except asyncio.CancelledError:
                raise Boom("while leaving")

        say(await outcome(group_of(fails_while_leaving())))
        say(asyncio.current_task().cancelling())
        await asyncio.sleep(1)
        say("never")

    task = create_task(main())
    await asyncio.sleep(1)
    task.cancel("outside")
    say(await outcome(task), now(), task.cancelled())


@program
async def a_group_inside_another_hands_its_failures_on():
    inner = group_of(child("inner a", 1, Boom("deep")), child("inner b", 5))
    say(await outcome(group_of(inner, child("outer", 5))), now())


@program
async def a_failure_outside_ends_the_group_inside():
    inner = group_of(child("inner a", 5), body=child("inner body", 7))
    say(await outcome(group_of(inner, child("outer", 1, Boom("outside")))), now())


@program
async def a_task_of_the_group_starts_another():
    async def parent(group):
        say("parent")
        group.create_task(child("second", 2))
        await asyncio.sleep(1)
        say("parent ends", now())

    async with asyncio.TaskGroup() as group:
        group.create_task(parent(group))
    say("group ends", now())


@program
async def a_group_that_has_ended_or_is_ending_takes_no_tasks():
    kept = []

    def refused(group):
        coroutine = child("never", 1)
        answer = attempt(group.create_task, coroutine)
        coroutine.close()
        return answer

    async def late(group):
        try:
            await asyncio.sleep(HOUR)
        finally:
            say("ending", refused(group))

    async def main():
        async with asyncio.TaskGroup() as group:
            kept.append(group)
            group.create_task(late(group))
            await asyncio.sleep(1)
            raise Boom("body failed")

    say(await outcome(main()))
    say("ended", refused(kept[0]))


@program
async def a_deadline_around_a_group_cancels_it():
    async def main():
        async with asyncio.timeout(1):
            await group_of(child("a", 5))

    say(await outcome(main()), now())


@program
async def a_deadline_inside_a_group_is_a_failure_of_the_body():
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a", 5))
            async with asyncio.timeout(1):
                await asyncio.sleep(HOUR)

    say(await outcome(main()), now())


@program
async def the_count_of_requests_is_as_before_when_the_group_ends():
    me = asyncio.current_task()
    say(await outcome(group_of(child("a", 1, Boom("failed")), body=child("body", 5))))
    say(me.cancelling())
    await asyncio.sleep(1)
    say("goes on", now())


@program
async def parts_of_a_group_of_failures():
    say(group := ExceptionGroup("outer", [Boom("a"), ExceptionGroup("inner", [Boom("b"), ValueError("c")]), Boom("d")]))
    booms, others = group.split(Boom)
    say(booms)
    say(others)
    say(group.subgroup(lambda error: str(error) == "b"))
    say(group.subgroup(TypeError))
    say(group.derive([Boom("e")]))
