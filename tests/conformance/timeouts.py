"""Deadlines: what they end, and what they leave alone."""

import asyncio

from harness.programs import Boom, at, attempt, create_task, now, outcome, program, say, ticks

HOUR = 3600


def cancelling():
    return asyncio.current_task().cancelling()


@program
async def a_deadline_ends_what_waits():
    async def body():
        async with asyncio.timeout(2) as deadline:
            say(deadline.when() == at(2), deadline.expired())
            try:
                await asyncio.sleep(HOUR)
            finally:
                say("leaving", now(), deadline.expired(), cancelling())

    say(await outcome(body()))
    say(now(), cancelling())


@program
async def what_ends_in_time_has_its_result():
    async def body(delay):
        async with asyncio.timeout(delay) as deadline:
            await asyncio.sleep(1)
        return [deadline.expired(), deadline.when() and deadline.when() - at(0)]

    say(await outcome(body(2)))
    say(await outcome(body(None)))
    say(now())


@program
async def the_inner_of_two_deadlines_passes_first():
    async def inner():
        async with asyncio.timeout(1):
            await asyncio.sleep(HOUR)

    async def outer():
        async with asyncio.timeout(3) as deadline:
            say("inner", await outcome(inner()), now())
            say(deadline.expired(), cancelling())
            await asyncio.sleep(HOUR)

    say("outer", await outcome(outer()), now())


@program
async def the_outer_of_two_deadlines_passes_first():
    async def inner():
        async with asyncio.timeout(3):
            try:
                await asyncio.sleep(HOUR)
            finally:
                say("leaving", now())

    async def outer():
        async with asyncio.timeout(1):
            await inner()
            say("never")

    say("outer", await outcome(outer()), now())


@program
async def clean_up_may_take_longer_than_the_deadline():
    async def body():
        async with asyncio.timeout(1):
            try:
                await asyncio.sleep(HOUR)
            finally:
                await asyncio.sleep(3)
                say("clean", now())

    say(await outcome(body()), now())


@program
async def a_body_that_catches_the_cancel_is_not_late():
    async def body():
        async with asyncio.timeout(1) as deadline:
            try:
                await asyncio.sleep(HOUR)
            except asyncio.CancelledError as error:
                say("caught", error, deadline.expired())
        return [deadline.expired(), cancelling()]

    say(await outcome(body()))


@program
async def an_error_at_the_deadline_passes():
    async def body():
        async with asyncio.timeout(1):
            try:
                await asyncio.sleep(HOUR)
            except asyncio.CancelledError:
                raise Boom("instead")

    say(await outcome(body()), cancelling())


@program
async def a_deadline_is_moved_and_taken_away():
    async def body():
        async with asyncio.timeout(1) as deadline:
            deadline.reschedule(at(3))
            await asyncio.sleep(2)
            say("later", now(), deadline.when() - at(0))
            deadline.reschedule(None)
            await asyncio.sleep(5)
            say("without", now(), deadline.when())
            deadline.reschedule(at(1))
            say("passed", deadline.expired())
            await asyncio.sleep(HOUR)

    say(await outcome(body()), now())


@program
async def a_deadline_that_has_passed_is_not_moved():
    kept = []

    async def body():
        async with asyncio.timeout(1) as deadline:
            kept.append(deadline)
            try:
                await asyncio.sleep(HOUR)
            finally:
                say(attempt(deadline.reschedule, at(5)))

    say(await outcome(body()))
    say(attempt(kept[0].reschedule, at(9)))
    fresh = asyncio.timeout(1)
    say(attempt(fresh.reschedule, at(9)), fresh.expired())


@program
async def a_deadline_of_zero_waits_for_nothing():
    async def body(suspends):
        async with asyncio.timeout(0) as deadline:
            say("begin")
            if suspends:
                await asyncio.sleep(HOUR)
        return deadline.expired()

    say(await outcome(body(False)))
    say(await outcome(body(True)))
    say(now())


@program
async def a_deadline_in_the_past_ends_the_first_wait():
    async def body():
        async with asyncio.timeout_at(at(-5)) as deadline:
            say(deadline.when() - at(0))
            await asyncio.sleep(HOUR)

    say(await outcome(body()), now())


@program
async def a_cancel_before_the_deadline_is_a_cancel():
    async def body():
        async with asyncio.timeout(3):
            await asyncio.sleep(HOUR)

    task = create_task(body())
    await asyncio.sleep(1)
    task.cancel("outside")
    say(await outcome(task), now(), task.cancelling())


@program
async def a_cancel_during_the_clean_up_of_a_deadline_wins():
    async def body():
        async with asyncio.timeout(1):
            try:
                await asyncio.sleep(HOUR)
            finally:
                await asyncio.sleep(5)
                say("never")

    task = create_task(body())
    await asyncio.sleep(2)
    task.cancel("outside")
    say(await outcome(task), now(), task.cancelling())


@program
async def an_older_cancel_does_not_hide_a_deadline():
    async def body():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            say("caught", cancelling())
        async with asyncio.timeout(1):
            await asyncio.sleep(HOUR)

    task = create_task(body())
    await ticks(1)
    task.cancel()
    say(await outcome(task), now(), task.cancelling())


@program
async def a_deadline_serves_once():
    async def body(deadline):
        async with deadline:
            await ticks(1)
        return "result"

    deadline = asyncio.timeout(1)
    say(await outcome(body(deadline)))
    say(await outcome(body(deadline)))


@program
async def wait_for_gives_the_result_or_the_failure():
    async def child(failure):
        await asyncio.sleep(1)
        if failure:
            raise failure
        return "result"

    say(await outcome(asyncio.wait_for(child(None), 2)), now())
    say(await outcome(asyncio.wait_for(child(Boom("failed")), 2)), now())
    say(await outcome(asyncio.wait_for(child(None), None)), now())
    say(await outcome(asyncio.wait_for(child(None), 0.5)), now())


@program
async def wait_for_waits_for_the_end_of_what_it_cancels():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        finally:
            await asyncio.sleep(2)
            say("clean", now())

    task = create_task(child())
    say(await outcome(asyncio.wait_for(task, 1)), now())
    say(task.cancelled(), task.cancelling())


@program
async def wait_for_takes_what_comes_in_spite_of_the_cancel():
    async def stubborn():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            return "in spite of it"

    async def angry():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            raise Boom("angry")

    say(await outcome(asyncio.wait_for(stubborn(), 1)))
    say(await outcome(asyncio.wait_for(create_task(stubborn()), 1)))
    say(await outcome(asyncio.wait_for(angry(), 1)))


@program
async def wait_for_zero_takes_only_what_is_there():
    done, pending = (asyncio.get_running_loop().create_future() for _ in range(2))
    done.set_result("result")
    say(await outcome(asyncio.wait_for(done, 0)))
    say(await outcome(asyncio.wait_for(pending, 0)), pending.cancelled())
    say(now())


@program
async def a_cancelled_wait_for_cancels_what_it_waits_for():
    inner = create_task(asyncio.sleep(HOUR))

    async def body():
        await asyncio.wait_for(inner, 5)

    task = create_task(body())
    await asyncio.sleep(1)
    task.cancel("why")
    say(await outcome(task), inner.cancelled(), now())


@program
async def wait_for_of_a_shield_leaves_the_task_running():
    async def child():
        await asyncio.sleep(3)
        say("child ends", now())
        return "result"

    task = create_task(child())
    say(await outcome(asyncio.wait_for(asyncio.shield(task), 1)), now())
    await asyncio.sleep(2.5)
    say(task.done(), now())
