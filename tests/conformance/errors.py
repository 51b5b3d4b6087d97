"""What goes wrong where nobody waits, and what the exception handler is given."""

import asyncio

from harness.programs import Boom, new_loop, program, report, say, ticks


def fail(text):
    raise Boom(text)


def watched():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    return loop


@program
async def a_callback_that_fails_is_reported_and_the_others_run():
    loop = watched()
    loop.call_soon(fail, "soon")
    loop.call_later(1, fail, "later")
    loop.call_soon(say, "the next one")
    await ticks(1)
    await asyncio.sleep(2)
    say("end")


@program
async def a_callback_of_a_future_that_fails_is_reported():
    loop = watched()
    future = loop.create_future()
    future.add_done_callback(lambda _: fail("first"))
    future.add_done_callback(lambda _: say("second"))
    future.set_result(None)
    await ticks(1)


@program
async def a_report_of_ones_own_reaches_the_handler():
    loop = watched()
    loop.call_exception_handler({"message": "something", "exception": Boom("own"), "protocol": "a protocol"})
    loop.call_exception_handler({"message": "without exception"})


@program
async def the_handler_is_replaced_and_taken_away():
    loop = asyncio.get_running_loop()
    say("handler", loop.get_exception_handler() is not None)
    loop.set_exception_handler(lambda *_: say("the first handler"))
    loop.call_exception_handler({"message": "one"})
    loop.set_exception_handler(lambda *_: say("the second handler"))
    loop.call_exception_handler({"message": "two"})
    say("handler", loop.get_exception_handler() is not None)
    loop.set_exception_handler(None)
    say("handler", loop.get_exception_handler() is not None)


@program
async def a_handler_that_fails_stops_nobody():
    loop = asyncio.get_running_loop()

    def handler(_, context):
        say("handler", context["message"])
        fail("handler")

    loop.set_exception_handler(handler)
    loop.call_exception_handler({"message": "one"})
    loop.call_exception_handler({"message": "two"})
    await ticks(1)
    say("end")


@program
async def a_task_that_nobody_awaits_is_reported_once_it_is_forgotten():
    loop = watched()

    async def failing():
        fail("lost")

    task = loop.create_task(failing())
    await ticks(3)
    say("still there", task.done())
    del task
    say("end")


@program
async def a_failure_that_was_looked_at_is_not_lost():
    loop = watched()

    async def failing():
        fail("seen")

    task = loop.create_task(failing())
    task.add_done_callback(lambda done: say("callback", done.exception()))
    await ticks(3)
    del task
    say("end")


@program
async def a_cancelled_task_is_not_lost():
    loop = watched()
    task = loop.create_task(asyncio.sleep(3600))
    await ticks(1)
    task.cancel()
    await ticks(3)
    del task
    say("end")


@program
def the_main_coroutine_fails_with_its_own_error():
    loop = new_loop()
    loop.set_exception_handler(report)

    async def main():
        fail("main")

    try:
        loop.run_until_complete(main())
    except Boom as error:
        say("ended with", error)
    loop.close()
