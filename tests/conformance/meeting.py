"""Events, conditions and barriers: tasks that wait for each other."""

import asyncio

from harness.programs import attempt, create_task, now, outcome, program, say, ticks


@program
async def an_event_wakes_all_who_wait_in_their_order():
    event = asyncio.Event()

    async def waiter(name):
        say(name, "waits")
        await event.wait()
        say(name, "goes on")

    tasks = [create_task(waiter(name)) for name in "abc"]
    await ticks(1)
    say("set", event.is_set())
    event.set()
    event.set()
    say("set", event.is_set())
    await asyncio.wait(tasks)
    await waiter("late")


@program
async def an_event_that_is_cleared_at_once_still_wakes_those_who_wait():
    event = asyncio.Event()

    async def waiter(name):
        await event.wait()
        say(name, "goes on", event.is_set())

    first = create_task(waiter("first"))
    await ticks(1)
    event.set()
    event.clear()
    second = create_task(waiter("second"))
    await ticks(3)
    say(first.done(), second.done())
    event.set()
    await second


@program
async def a_cancelled_waiter_of_an_event_is_forgotten():
    event = asyncio.Event()
    task = create_task(event.wait())
    await ticks(1)
    task.cancel("why")
    say(await outcome(task))
    event.set()
    say(event.is_set())


async def consumer(name, condition):
    async with condition:
        say(name, "waits")
        await condition.wait()
        say(name, "woke up", condition.locked())


@program
async def notify_wakes_as_many_as_it_says():
    condition = asyncio.Condition()
    tasks = [create_task(consumer(name, condition)) for name in "abcde"]
    await ticks(2)
    async with condition:
        condition.notify(2)
        say("notified two")
    await ticks(6)
    say([task.done() for task in tasks])
    async with condition:
        condition.notify()
    await ticks(6)
    say([task.done() for task in tasks])
    async with condition:
        condition.notify_all()
    await asyncio.wait(tasks)


@program
async def a_condition_is_used_with_its_lock():
    condition = asyncio.Condition()
    say(attempt(condition.notify), attempt(condition.notify_all))
    say(await outcome(condition.wait()))
    say(attempt(condition.release))


@program
async def a_condition_waits_for_what_is_asked():
    condition = asyncio.Condition()
    value = 0

    def enough():
        say("asked at", value)
        return value >= 2

    async def waiter():
        async with condition:
            say("got", await condition.wait_for(enough))

    task = create_task(waiter())
    await ticks(1)
    for _ in range(3):
        async with condition:
            value += 1
            condition.notify_all()
        await ticks(3)
    await task


@program
async def a_cancelled_waiter_of_a_condition_has_the_lock_again():
    condition = asyncio.Condition()

    async def waiter():
        async with condition:
            try:
                await condition.wait()
            finally:
                say("locked", condition.locked())

    task = create_task(waiter())
    await ticks(1)
    await condition.acquire()
    task.cancel("why")
    await ticks(3)
    say(task.done())
    condition.release()
    say(await outcome(task))
    say("locked", condition.locked())


@program
async def a_notified_waiter_that_is_cancelled_passes_it_on():
    condition = asyncio.Condition()
    first, second = create_task(consumer("first", condition)), create_task(consumer("second", condition))
    await ticks(2)
    async with condition:
        condition.notify()
    first.cancel()
    say(await outcome(first))
    await ticks(4)
    say(second.done())


@program
async def several_conditions_share_a_lock():
    lock = asyncio.Lock()
    full, empty = asyncio.Condition(lock), asyncio.Condition(lock)
    async with full:
        say(full.locked(), empty.locked(), lock.locked())
        empty.notify_all()
    say(full.locked(), empty.locked(), lock.locked())


@program
async def a_barrier_lets_all_go_when_the_last_one_comes():
    barrier = asyncio.Barrier(3)

    async def waiter(name):
        say(name, "comes", barrier.n_waiting)
        await barrier.wait()
        say(name, "goes")

    for name in "abc":
        create_task(waiter(name))
    await ticks(8)
    say(barrier.n_waiting, barrier.broken, barrier.parties)


@program
async def everybody_at_a_barrier_gets_another_number():
    barrier = asyncio.Barrier(3)

    async def waiter():
        return await barrier.wait()

    tasks = [create_task(waiter()) for _ in range(3)]
    await asyncio.wait(tasks)
    say(sorted(task.result() for task in tasks))


@program
async def a_barrier_is_reset_under_those_who_wait():
    barrier = asyncio.Barrier(3)
    tasks = [create_task(barrier.wait()) for _ in range(2)]
    await ticks(2)
    await barrier.reset()
    for task in tasks:
        say(await outcome(task))
    say(barrier.n_waiting, barrier.broken)


@program
async def a_barrier_that_is_broken_stays_so_until_it_is_reset():
    barrier = asyncio.Barrier(2)
    task = create_task(barrier.wait())
    await ticks(2)
    await barrier.abort()
    say(await outcome(task), barrier.broken)
    say(await outcome(barrier.wait()))
    await barrier.reset()
    say(barrier.broken)


@program
async def a_cancelled_waiter_leaves_the_barrier_whole():
    barrier = asyncio.Barrier(2)
    task = create_task(barrier.wait())
    await ticks(2)
    task.cancel("why")
    say(await outcome(task), barrier.n_waiting, barrier.broken)
    tasks = [create_task(barrier.wait()) for _ in range(2)]
    await asyncio.wait(tasks)
    say("through", now())


@program
async def a_barrier_of_nobody_is_an_error():
    say(attempt(asyncio.Barrier, 0))
