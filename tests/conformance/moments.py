"""A cancel in each of three moments: before the first step, while it waits, and in the tick in which what it waits for comes."""

import asyncio

from harness.programs import create_task, outcome, program, say, ticks


async def at_each_moment(make):
    """`make` gives a coroutine, what completes it, and what is to be said afterwards."""
    for moment in ("before", "waiting", "completed"):
        coroutine, complete, state = await make()
        task = create_task(coroutine)
        if moment != "before":
            await ticks(3)
        if moment == "completed":
            complete()
        say(moment, "cancel", task.cancel("why"))
        say(await outcome(task), task.cancelled(), task.cancelling())
        await ticks(3)
        say(*state())


@program
async def waiting_for_a_future():
    async def make():
        future = asyncio.get_running_loop().create_future()

        async def wait():
            return await future

        return wait(), lambda: future.set_result("result"), lambda: [future.done(), future.cancelled()]

    await at_each_moment(make)


@program
async def waiting_for_a_task():
    async def make():
        future = asyncio.get_running_loop().create_future()

        async def child():
            return await future

        inner = create_task(child())

        async def wait():
            return await inner

        return wait(), lambda: future.set_result("result"), lambda: [inner.done(), inner.cancelled()]

    await at_each_moment(make)


@program
async def waiting_behind_a_shield():
    async def make():
        future = asyncio.get_running_loop().create_future()

        async def child():
            return await future

        inner = create_task(child())

        async def wait():
            return await asyncio.shield(inner)

        return wait(), lambda: future.set_result("result"), lambda: [inner.done(), inner.cancelled()]

    await at_each_moment(make)


@program
async def waiting_for_an_event():
    async def make():
        event = asyncio.Event()

        async def wait():
            await event.wait()

        return wait(), event.set, lambda: [event.is_set()]

    await at_each_moment(make)


@program
async def waiting_for_a_lock():
    async def make():
        lock = asyncio.Lock()
        await lock.acquire()

        async def wait():
            async with lock:
                return "had it"

        return wait(), lock.release, lambda: [lock.locked()]

    await at_each_moment(make)


@program
async def waiting_for_a_semaphore():
    async def make():
        semaphore = asyncio.Semaphore(0)

        async def wait():
            async with semaphore:
                return "had it"

        return wait(), semaphore.release, lambda: [semaphore.locked()]

    await at_each_moment(make)


@program
async def waiting_for_an_item():
    async def make():
        queue = asyncio.Queue()

        async def wait():
            return await queue.get()

        return wait(), lambda: queue.put_nowait("item"), lambda: [queue.qsize()]

    await at_each_moment(make)


@program
async def waiting_for_room():
    async def make():
        queue = asyncio.Queue(1)
        queue.put_nowait("first")

        async def wait():
            await queue.put("second")

        return wait(), queue.get_nowait, lambda: [queue.qsize()]

    await at_each_moment(make)


@program
async def waiting_for_a_queue_to_be_done():
    async def make():
        queue = asyncio.Queue()
        queue.put_nowait("item")

        async def wait():
            await queue.join()

        return wait(), queue.task_done, lambda: [queue.qsize()]

    await at_each_moment(make)


@program
async def waiting_by_wait():
    async def make():
        future = asyncio.get_running_loop().create_future()

        async def wait():
            await asyncio.wait([future])

        return wait(), lambda: future.set_result("result"), lambda: [future.done(), future.cancelled()]

    await at_each_moment(make)


@program
async def waiting_under_a_deadline():
    async def make():
        future = asyncio.get_running_loop().create_future()

        async def wait():
            async with asyncio.timeout(100):
                return await future

        return wait(), lambda: future.set_result("result"), lambda: [future.done(), future.cancelled()]

    await at_each_moment(make)


@program
async def waiting_for_bytes():
    async def make():
        reader = asyncio.StreamReader()

        async def wait():
            return await reader.readline()

        return wait(), lambda: reader.feed_data(b"line\n"), lambda: [reader.at_eof()]

    await at_each_moment(make)
