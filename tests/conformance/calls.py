"""Callbacks and timers: which runs when."""

import asyncio

from harness.programs import at, attempt, new_loop, now, program, say, ticks


@program
async def callbacks_run_in_their_order_and_what_they_call_in_the_next_tick():
    loop = asyncio.get_running_loop()

    def first():
        say("first")
        loop.call_soon(say, "called by the first")

    def second():
        say("second")
        loop.call_soon(say, "called by the second")

    loop.call_soon(first)
    loop.call_soon(second)
    say("nothing yet")
    await ticks(1)
    say("a tick later")
    await ticks(1)
    say("two ticks later")


@program
async def timers_run_by_their_deadlines():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    for delay in (3, 1, 2):
        loop.call_later(delay, lambda delay=delay: say("after", delay, "at", now()))
    loop.call_at(at(1.5), lambda: say("at", now()))
    loop.call_later(4, done.set_result, "done")
    say(await done, now())


@program
async def a_callback_runs_before_a_timer_without_delay_that_came_first():
    loop = asyncio.get_running_loop()
    loop.call_later(0, say, "timer")
    loop.call_soon(say, "callback")
    await ticks(1)
    say("a tick later")
    await ticks(1)
    say("two ticks later")


@program
async def a_deadline_in_the_past_is_due_in_the_next_tick():
    loop = asyncio.get_running_loop()
    loop.call_at(at(2), say, "later")
    loop.call_at(at(-2), say, "in the past")
    loop.call_at(at(0), say, "now")
    await ticks(2)
    say("two ticks later", now())
    await asyncio.sleep(3)
    say(now())


@program
async def timers_that_a_timer_makes_wait_for_their_turn():
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def first():
        say("first", now())
        loop.call_later(0, lambda: say("without delay", now()))
        loop.call_later(1, lambda: say("a second later", now()))
        loop.call_soon(lambda: say("soon", now()))

    loop.call_later(1, first)
    loop.call_later(2.5, done.set_result, None)
    await done
    say("end", now())


@program
async def a_cancelled_handle_does_not_run():
    loop = asyncio.get_running_loop()
    soon = loop.call_soon(say, "soon")
    later = loop.call_later(1, say, "later")
    kept = loop.call_soon(say, "kept")
    say(soon.cancelled(), later.cancelled(), kept.cancelled())
    soon.cancel()
    soon.cancel()
    later.cancel()
    say(soon.cancelled(), later.cancelled(), kept.cancelled())
    await asyncio.sleep(2)
    say(kept.cancelled())
    kept.cancel()
    say("cancelled too late:", kept.cancelled())


@program
async def a_callback_cancels_another_of_its_own_batch():
    loop = asyncio.get_running_loop()
    handles = []

    def first():
        say("first")
        handles[2].cancel()

    for callback in (first, lambda: say("second"), lambda: say("third"), lambda: say("fourth")):
        handles.append(loop.call_soon(callback))
    await ticks(2)
    say([handle.cancelled() for handle in handles])


@program
async def a_timer_cancels_another_that_is_due_with_it():
    loop = asyncio.get_running_loop()
    other = loop.call_later(1.5, say, "the other")

    def first():
        say("first", now())
        other.cancel()

    loop.call_later(1, first)
    await asyncio.sleep(2)
    say("end", now())


@program
async def a_timer_knows_its_deadline():
    loop = asyncio.get_running_loop()
    timer = loop.call_later(2, say, "never")
    say(timer.when() - loop.time())
    say(loop.call_at(at(7), say, "never").when() - loop.time())
    timer.cancel()
    say(timer.when() - loop.time())


@program
def stop_lets_the_batch_end_and_keeps_what_it_called():
    loop = new_loop()

    def first():
        say("first")
        loop.stop()
        loop.call_soon(say, "of the next run")

    loop.call_soon(first)
    loop.call_soon(say, "second")
    loop.run_forever()
    say("stopped", loop.is_running())
    loop.call_soon(loop.stop)
    loop.run_forever()
    say("stopped again")
    loop.close()


@program
def a_loop_that_was_stopped_before_runs_one_tick():
    loop = new_loop()

    def first():
        say("first", loop.is_running())
        loop.call_soon(say, "called by the first")

    loop.call_soon(first)
    loop.stop()
    loop.run_forever()
    say("stopped")
    loop.stop()
    loop.run_forever()
    say("stopped again")
    loop.close()


@program
def a_loop_that_is_stopped_too_early_has_no_result():
    loop = new_loop()

    future = loop.create_future()
    loop.call_soon(loop.stop)
    loop.call_later(1, future.set_result, "result")
    say(attempt(loop.run_until_complete, future))
    say(future.done())
    say(loop.run_until_complete(future))
    loop.close()


@program
def what_is_ready_when_the_main_coroutine_ends_stays_there():
    loop = new_loop()

    async def main():
        loop.call_soon(say, "in the tick of the end")
        loop.call_soon(loop.call_soon, say, "a tick later")
        return "result"

    say(loop.run_until_complete(main()))
    loop.call_soon(loop.stop)
    loop.run_forever()
    say("end")
    loop.close()


@program
def a_closed_loop_takes_nothing():
    loop = new_loop()
    loop.call_soon(say, "dropped")
    loop.close()
    loop.close()
    say(loop.is_closed(), loop.is_running())
    say(attempt(loop.call_soon, print))
    say(attempt(loop.call_later, 1, print))
    say(attempt(loop.call_at, 1, print))
    say(attempt(loop.call_soon_threadsafe, print))
    say(attempt(loop.run_forever))


@program
def a_loop_is_not_run_inside_another_nor_closed_while_it_runs():
    loop = new_loop()
    other = new_loop()

    def inside():
        loop.stop()
        say(asyncio.get_running_loop() is loop)
        say(attempt(loop.close))
        say(attempt(other.run_forever))

    say(attempt(asyncio.get_running_loop))
    loop.call_soon(inside)
    loop.run_forever()
    say(attempt(asyncio.get_running_loop))
    other.close()
    loop.close()
