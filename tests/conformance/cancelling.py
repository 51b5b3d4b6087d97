"""Cancelling tasks: what is asked, what arrives, what is caught."""

import asyncio

from harness.programs import Boom, create_task, outcome, program, say, ticks

HOUR = 3600


def state(task):
    return [task.done(), task.cancelled(), task.cancelling()]


@program
async def a_task_that_was_not_started_never_starts():
    async def child():
        say("never")

    task = create_task(child())
    say("cancel", task.cancel("why"), state(task))
    say(await outcome(task))
    say(state(task))


@program
async def a_suspended_task_leaves_in_the_next_tick():
    async def child():
        say("begin")
        try:
            await asyncio.sleep(HOUR)
        finally:
            say("leaving")

    task = create_task(child())
    await ticks(1)
    say("cancel", task.cancel("why"), state(task))
    await ticks(1)
    say(state(task))
    say(await outcome(task))


@program
async def a_cancel_in_the_tick_of_the_result_wins():
    future = asyncio.get_running_loop().create_future()

    async def child():
        say("got", await future)
        await asyncio.sleep(HOUR)
        say("never")

    task = create_task(child())
    await ticks(1)
    future.set_result("result")
    say("cancel", task.cancel())
    say(await outcome(task))
    say(future.cancelled(), state(task))


@program
async def a_task_that_is_done_cannot_be_cancelled():
    async def child():
        return "result"

    task = create_task(child())
    await task
    say("cancel", task.cancel(), state(task))
    say(await task)


@program
async def what_is_caught_stays_counted_until_it_is_taken_back():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError as error:
            say("caught", error)
        me = asyncio.current_task()
        say(me.cancelling())
        await ticks(1)
        say("goes on", me.uncancel(), me.cancelling(), me.uncancel())
        return "result"

    task = create_task(child())
    await ticks(1)
    task.cancel("why")
    say(await outcome(task))
    say(state(task))


@program
async def two_requests_in_one_tick_arrive_once():
    async def child():
        for _ in range(2):
            try:
                await asyncio.sleep(1)
                say("slept")
            except asyncio.CancelledError as error:
                say("caught", error)
        return asyncio.current_task().cancelling()

    task = create_task(child())
    await ticks(1)
    say("cancel", task.cancel("first"), task.cancel("second"))
    say(await outcome(task))


@program
async def a_request_that_was_taken_back_in_time_does_not_arrive():
    async def child():
        asyncio.current_task().cancel()
        say(state(asyncio.current_task()), asyncio.current_task().uncancel())
        await ticks(1)
        return "result"

    task = create_task(child())
    say(await outcome(task))
    say(state(task))


@program
async def a_task_that_cancels_itself_leaves_at_its_next_await():
    async def child():
        asyncio.current_task().cancel("itself")
        say("still here")
        await asyncio.sleep(0)
        say("never")

    task = create_task(child())
    say(await outcome(task))
    say(state(task))


@program
async def a_cancel_goes_down_a_chain_of_tasks():
    async def chain(depth):
        try:
            if depth == 0:
                await asyncio.sleep(HOUR)
            else:
                await create_task(chain(depth - 1))
        finally:
            say("leaving", depth)

    task = create_task(chain(3))
    await ticks(5)
    task.cancel("why")
    say("asked")
    say(await outcome(task))


@program
async def a_child_that_catches_the_cancel_keeps_its_parent():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError as error:
            say("caught", error)
            return "from the child"

    async def parent():
        return await create_task(child())

    task = create_task(parent())
    await ticks(2)
    task.cancel("why")
    say(await outcome(task))
    say(state(task))


@program
async def clean_up_may_await_and_ends_before_the_task():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        finally:
            say("cleaning")
            await asyncio.sleep(1)
            say("clean")

    task = create_task(child())
    await ticks(1)
    task.cancel("why")
    await ticks(3)
    say(state(task))
    say(await outcome(task))


@program
async def a_second_cancel_interrupts_the_clean_up():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        finally:
            say("cleaning")
            await asyncio.sleep(HOUR)
            say("never")

    task = create_task(child())
    await ticks(1)
    task.cancel("first")
    await ticks(1)
    task.cancel("second")
    say(await outcome(task))
    say(state(task))


@program
async def an_error_in_place_of_a_cancel_is_the_end():
    async def child():
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            raise Boom("instead")

    task = create_task(child())
    await ticks(1)
    task.cancel()
    say(await outcome(task))
    say(state(task))


@program
async def a_coroutine_that_returns_somebody_elses_cancel_ends_as_cancelled():
    other = create_task(asyncio.sleep(HOUR))

    async def child():
        await other

    task = create_task(child())
    await ticks(1)
    other.cancel("of the other")
    say(await outcome(task))
    say(state(task), state(other))


@program
async def callbacks_hear_of_a_cancel():
    task = create_task(asyncio.sleep(HOUR))
    task.add_done_callback(lambda done: say("callback", state(done)))
    await ticks(1)
    task.cancel()
    say("asked")
    await ticks(1)
    say("a tick later", state(task))
    await ticks(1)
    say("two ticks later")


@program
async def shield_keeps_a_cancel_from_the_task_behind_it():
    async def child():
        await asyncio.sleep(1)
        say("child ends")
        return "result"

    inner = create_task(child())

    async def parent():
        return await asyncio.shield(inner)

    task = create_task(parent())
    await ticks(2)
    task.cancel("why")
    say(await outcome(task))
    say(state(task), state(inner))
    await asyncio.sleep(2)
    say(state(inner))


@program
async def shield_hands_on_results_failures_and_cancels():
    async def child(failure):
        await ticks(1)
        if failure:
            raise failure
        return "result"

    say(await outcome(asyncio.shield(child(None))))
    say(await outcome(asyncio.shield(child(Boom("failed")))))
    inner = create_task(asyncio.sleep(HOUR))
    asyncio.get_running_loop().call_later(1, inner.cancel, "inside")
    say(await outcome(asyncio.shield(inner)))


@program
async def a_cancelled_sleeper_leaves_no_timer():
    async def child():
        await asyncio.sleep(5)

    began = asyncio.get_running_loop().time()
    task = create_task(child())
    await asyncio.sleep(1)
    task.cancel()
    say(await outcome(task))
    say(asyncio.get_running_loop().time() - began)
