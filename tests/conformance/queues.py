"""Queues: what goes in, what comes out, and who waits."""

import asyncio

from harness.programs import attempt, create_task, now, outcome, program, say, ticks


async def getter(name, queue):
    say(name, "got", await queue.get())


async def putter(queue, *items):
    for item in items:
        await queue.put(item)
        say("put", item)


@program
async def items_come_out_as_they_went_in():
    queue = asyncio.Queue()
    await putter(queue, 3, 1, 2)
    say(queue.qsize(), queue.empty(), queue.full())
    say([await queue.get() for _ in range(3)])
    say(queue.qsize(), queue.empty(), queue.full())


@program
async def the_last_comes_out_first():
    queue = asyncio.LifoQueue()
    await putter(queue, 3, 1, 2)
    say([queue.get_nowait() for _ in range(3)])


@program
async def the_smallest_comes_out_first():
    queue = asyncio.PriorityQueue()
    await putter(queue, 3, 1, 2, 1)
    say(queue.get_nowait())
    queue.put_nowait(0)
    say([queue.get_nowait() for _ in range(4)])


@program
async def those_who_wait_are_served_in_their_order():
    queue = asyncio.Queue()
    for name in "abc":
        create_task(getter(name, queue))
    await ticks(1)
    for item in (1, 2, 3):
        queue.put_nowait(item)
    say(queue.qsize())
    await ticks(2)
    say(queue.qsize())


@program
async def who_comes_without_waiting_may_be_faster_than_who_was_woken():
    queue = asyncio.Queue()
    create_task(getter("waiting", queue))
    await ticks(1)
    queue.put_nowait(1)
    say("main got", queue.get_nowait())
    await ticks(2)
    queue.put_nowait(2)
    await ticks(2)


@program
async def a_full_queue_makes_its_putters_wait():
    queue = asyncio.Queue(2)
    task = create_task(putter(queue, 1, 2, 3, 4))
    await ticks(2)
    say(queue.qsize(), queue.full(), queue.maxsize)
    say("got", await queue.get())
    await ticks(2)
    say("got", await queue.get(), await queue.get(), await queue.get())
    await task


@program
async def without_waiting_full_and_empty_are_errors():
    queue = asyncio.Queue(1)
    say(attempt(queue.get_nowait))
    queue.put_nowait(1)
    say(attempt(queue.put_nowait, 2))
    say(queue.qsize())


@program
async def a_cancelled_getter_loses_nothing():
    queue = asyncio.Queue()
    first, second = create_task(getter("first", queue)), create_task(getter("second", queue))
    await ticks(1)
    queue.put_nowait(1)
    first.cancel("why")
    say(await outcome(first))
    await ticks(2)
    say(second.done(), queue.qsize())


@program
async def a_cancelled_putter_leaves_its_place_to_the_next():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    first, second = create_task(putter(queue, 1)), create_task(putter(queue, 2))
    await ticks(1)
    say("got", queue.get_nowait())
    first.cancel("why")
    say(await outcome(first))
    await second
    say("got", queue.get_nowait(), queue.empty())


@program
async def join_waits_until_all_is_done():
    queue = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)

    async def worker():
        while True:
            item = await queue.get()
            await asyncio.sleep(1)
            say("done", item, now())
            queue.task_done()

    task = create_task(worker())
    await queue.join()
    say("joined", now())
    task.cancel()
    say(await outcome(task))


@program
async def join_of_an_unused_queue_returns_at_once():
    queue = asyncio.Queue()
    asyncio.get_running_loop().call_soon(say, "a tick later")
    await queue.join()
    say("joined")
    say(attempt(queue.task_done))
    queue.put_nowait(1)
    queue.get_nowait()
    queue.task_done()
    say(attempt(queue.task_done))
    await ticks(1)


@program
async def a_deadline_while_waiting_for_an_item():
    queue = asyncio.Queue()
    say(await outcome(asyncio.wait_for(queue.get(), 1)), now())
    queue.put_nowait(1)
    say(await outcome(asyncio.wait_for(queue.get(), 1)), now())


@program
async def a_queue_that_is_shut_down_is_emptied_first():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.shutdown()
    queue.shutdown()
    say(attempt(queue.put_nowait, 2), await outcome(queue.put(2)))
    say(await outcome(queue.get()))
    say(await outcome(queue.get()), attempt(queue.get_nowait))
    queue.task_done()
    await queue.join()
    say("joined")


@program
async def a_shutdown_wakes_those_who_wait():
    empty, full = asyncio.Queue(), asyncio.Queue(1)
    full.put_nowait(0)
    tasks = [create_task(getter("getter", empty)), create_task(getter("other", empty)), create_task(putter(full, 1))]
    await ticks(1)
    empty.shutdown()
    full.shutdown()
    for task in tasks:
        say(await outcome(task))
    say(await full.get())


@program
async def an_immediate_shutdown_drops_the_items():
    queue = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)
    task = create_task(queue.join())
    await ticks(1)
    queue.shutdown(immediate=True)
    say(queue.qsize(), attempt(queue.get_nowait))
    say(await outcome(task))


@program
async def producers_and_consumers_take_turns():
    queue = asyncio.Queue(2)

    async def consumer(name):
        while (item := await queue.get()) is not None:
            say(name, item)
            await ticks(1)

    async def producer(items):
        for item in items:
            await queue.put(item)
            say("put", item)

    consumers = [create_task(consumer(name)) for name in "ab"]
    await asyncio.wait([create_task(producer(items)) for items in ((1, 2, 3, 4), (5, 6, 7))])
    for _ in consumers:
        await queue.put(None)
    await asyncio.wait(consumers)
    say(queue.qsize())
