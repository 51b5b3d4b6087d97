"""Locks and semaphores: who gets them, and what a cancel changes."""

import asyncio

from harness.programs import Boom, attempt, create_task, now, outcome, program, say, ticks


async def holder(name, lock, count):
    say(name, "asks")
    async with lock:
        say(name, "has it")
        await ticks(count)
    say(name, "is through")


@program
async def a_lock_goes_from_one_to_the_next():
    lock = asyncio.Lock()
    tasks = [create_task(holder(name, lock, 2)) for name in "abc"]
    await ticks(1)
    say("locked", lock.locked())
    await asyncio.wait(tasks)
    say("locked", lock.locked())


@program
async def a_free_lock_is_taken_without_a_tick():
    lock = asyncio.Lock()
    asyncio.get_running_loop().call_soon(say, "a tick later")
    await lock.acquire()
    lock.release()
    await lock.acquire()
    say("taken", lock.locked())
    await ticks(1)


@program
async def who_comes_between_release_and_wake_up_queues_behind():
    lock = asyncio.Lock()
    await lock.acquire()
    create_task(holder("first", lock, 1))
    await ticks(1)
    lock.release()
    say("locked", lock.locked())
    late = create_task(holder("late", lock, 1))
    await lock.acquire()
    say("main has it")
    lock.release()
    await late


@program
async def a_lock_that_nobody_holds_is_not_released():
    lock = asyncio.Lock()
    say(attempt(lock.release))
    await lock.acquire()
    lock.release()
    say(attempt(lock.release))


@program
async def a_cancelled_waiter_is_passed_over():
    lock = asyncio.Lock()
    await lock.acquire()
    first, second = create_task(holder("first", lock, 0)), create_task(holder("second", lock, 0))
    await ticks(1)
    first.cancel("why")
    await ticks(1)
    lock.release()
    say(await outcome(first))
    await second
    say("locked", lock.locked())


@program
async def a_waiter_that_is_cancelled_after_its_wake_up_passes_the_lock_on():
    lock = asyncio.Lock()
    await lock.acquire()
    first, second = create_task(holder("first", lock, 0)), create_task(holder("second", lock, 0))
    await ticks(1)
    lock.release()
    first.cancel()
    say(await outcome(first))
    await second
    say("locked", lock.locked())


@program
async def a_waiter_that_is_cancelled_before_the_release_passes_the_lock_on():
    lock = asyncio.Lock()
    await lock.acquire()
    first, second = create_task(holder("first", lock, 0)), create_task(holder("second", lock, 0))
    await ticks(1)
    first.cancel()
    lock.release()
    say(await outcome(first))
    await second
    say("locked", lock.locked())


@program
async def a_failure_inside_releases_the_lock():
    lock = asyncio.Lock()

    async def fail():
        async with lock:
            raise Boom("inside")

    say(await outcome(fail()))
    say("locked", lock.locked())


@program
async def a_deadline_while_waiting_for_a_lock():
    lock = asyncio.Lock()
    await lock.acquire()
    say(await outcome(asyncio.wait_for(lock.acquire(), 1)), now())
    lock.release()
    say("locked", lock.locked())


@program
async def a_semaphore_lets_some_in_at_a_time():
    semaphore = asyncio.Semaphore(2)
    tasks = [create_task(holder(name, semaphore, 2)) for name in "abcde"]
    await ticks(1)
    say("locked", semaphore.locked())
    await asyncio.wait(tasks)
    say("locked", semaphore.locked())


@program
async def a_semaphore_is_fair_to_those_who_wait():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    create_task(holder("first", semaphore, 1))
    await ticks(1)
    semaphore.release()
    say("locked", semaphore.locked())
    await semaphore.acquire()
    say("main has it")
    semaphore.release()
    await ticks(3)


@program
async def releases_of_a_semaphore_wake_as_many():
    semaphore = asyncio.Semaphore(0)
    for name in "abc":
        create_task(holder(name, semaphore, 5))
    await ticks(1)
    semaphore.release()
    semaphore.release()
    await ticks(1)
    say("released two")
    await ticks(2)
    semaphore.release()
    await ticks(8)
    say("locked", semaphore.locked())


@program
async def a_cancelled_waiter_of_a_semaphore_hands_on_its_unit():
    semaphore = asyncio.Semaphore(0)
    tasks = [create_task(holder(name, semaphore, 0)) for name in "abc"]
    await ticks(1)
    semaphore.release()
    tasks[0].cancel("why")
    say(await outcome(tasks[0]))
    await ticks(2)
    tasks[2].cancel()
    await ticks(2)
    say([task.done() for task in tasks], semaphore.locked())


@program
async def a_bounded_semaphore_is_not_released_too_often():
    semaphore = asyncio.BoundedSemaphore(1)
    say(attempt(semaphore.release))
    await semaphore.acquire()
    semaphore.release()
    say(attempt(semaphore.release))
    say("locked", semaphore.locked())
