"""run() and Runner: what they begin, and what they do at the end."""

import asyncio
import contextvars

from harness.programs import Boom, attempt, new_loop, program, report, say, ticks


def noted(name):
    """A task that says how it leaves."""

    async def body():
        try:
            await asyncio.sleep(3600)
        finally:
            say(name, "leaves")

    return body()


def runner(**options):
    return asyncio.Runner(loop_factory=new_loop, **options)


@program
def run_gives_the_result_or_the_failure():
    async def main(failure):
        await ticks(1)
        if failure:
            raise failure
        return "result"

    say(asyncio.run(main(None)))
    say(attempt(asyncio.run, main(Boom("main"))))


@program
def tasks_that_are_left_are_cancelled():
    async def main():
        tasks.append(asyncio.create_task(noted("left")))
        await ticks(2)
        return "result"

    tasks = []
    say(asyncio.run(main()))
    say(tasks[0].cancelled())


@program
def tasks_that_are_left_may_clean_up():
    async def left():
        try:
            await asyncio.sleep(3600)
        finally:
            await ticks(3)
            say("clean")

    async def main():
        tasks.append(asyncio.create_task(left()))
        await ticks(2)

    tasks = []
    asyncio.run(main())
    say("end")


@program
def a_task_that_fails_at_the_end_is_reported():
    async def left():
        try:
            await asyncio.sleep(3600)
        finally:
            raise Boom("at the end")

    async def main():
        asyncio.get_running_loop().set_exception_handler(report)
        tasks.append(asyncio.create_task(left()))
        await ticks(2)

    tasks = []
    asyncio.run(main())
    say("end")


@program
def a_loop_does_not_run_inside_another():
    async def never():
        say("never")

    async def main():
        coroutine = never()
        say(attempt(asyncio.run, coroutine))
        coroutine.close()

    asyncio.run(main())


@program
def a_runner_runs_several_with_one_loop_and_one_context():
    variable = contextvars.ContextVar("variable", default="default")
    loops = []

    async def main(value):
        loops.append(asyncio.get_running_loop())
        found = variable.get()
        variable.set(value)
        return found

    with runner() as several:
        say(several.run(main("first")), several.run(main("second")), several.run(main("third")))
        say(several.get_loop() is loops[0], loops[0] is loops[2])
        given = contextvars.copy_context()
        given.run(variable.set, "given")
        say(several.run(main("fourth"), context=given), given.run(variable.get))
    say(loops[0].is_closed(), variable.get())


@program
def a_runner_ends_its_tasks_when_it_is_closed():
    async def main():
        kept.append(asyncio.create_task(noted("left")))
        await ticks(1)

    kept = []
    several = runner()
    several.run(main())
    say("between", kept[0].done())
    several.close()
    several.close()
    say("closed", kept[0].cancelled())


async def work():
    return "result"


@program
def a_closed_runner_runs_nothing():
    several = runner()
    say(several.run(work()))
    several.close()
    coroutine = work()
    say(attempt(several.run, coroutine), attempt(several.get_loop))
    coroutine.close()


@program
def a_runner_is_closed_before_its_first_run():
    several = runner()
    several.close()
    say(attempt(several.run, work()))
    several.close()


@program
def a_runner_goes_on_after_a_failure():
    async def fail():
        raise Boom("main")

    with runner() as several:
        say(attempt(several.run, fail()))
        say(several.run(work()))


@program
def a_main_coroutine_that_is_cancelled():
    async def main():
        asyncio.current_task().cancel("itself")
        await asyncio.sleep(1)

    with runner() as several:
        say(attempt(several.run, main()))


@program
def debug_mode_is_asked_for():
    async def main():
        return asyncio.get_running_loop().get_debug()

    for debug in (True, False):
        with runner(debug=debug) as several:
            say(several.run(main()))
