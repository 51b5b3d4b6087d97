"""StreamReader without a connection: what reads give, and where their limits are."""

import asyncio

from harness.programs import Boom, attempt, create_task, outcome, program, say, ticks


def fed(*pieces, limit=2**16, eof=False):
    reader = asyncio.StreamReader(limit=limit)
    for piece in pieces:
        reader.feed_data(piece)
    if eof:
        reader.feed_eof()
    return reader


@program
async def read_gives_at_most_what_was_asked_for():
    reader = fed(b"abc", b"def", eof=True)
    say(await reader.read(0), await reader.read(2), await reader.read(100))
    say(await reader.read(2), reader.at_eof())


@program
async def read_waits_for_the_first_bytes_only():
    reader = fed()

    async def read():
        say("got", await reader.read(100))
        say("got", await reader.read(100), reader.at_eof())

    task = create_task(read())
    await ticks(1)
    reader.feed_data(b"abc")
    await ticks(2)
    say(task.done())
    reader.feed_eof()
    await task


@program
async def reading_to_the_end_takes_all():
    reader = fed(b"abc", limit=2)
    task = create_task(reader.read())
    await ticks(1)
    reader.feed_data(b"def")
    reader.feed_eof()
    say(await task, reader.at_eof())
    say(await reader.read(), "and nothing more")


@program
async def readexactly_takes_all_or_fails_with_a_part():
    reader = fed(b"abcdef", b"gh", eof=True)
    say(await reader.readexactly(3), await reader.readexactly(0), await reader.readexactly(3))
    say(await outcome(reader.readexactly(5)))
    say(await outcome(reader.readexactly(5)), reader.at_eof())


@program
async def readline_gives_lines_and_the_rest():
    reader = fed(b"one\ntwo", b"\n\nrest", eof=True)
    for _ in range(5):
        line = await reader.readline()
        say(len(line), line.rstrip(), line.endswith(b"\n"))


@program
async def a_line_over_the_limit_is_an_error_and_gone():
    reader = fed(b"a long line\nshort\n", limit=6)
    say(await outcome(reader.readline()))
    say(await outcome(reader.read(100)))
    reader = fed(b"without an end", limit=6)
    say(await outcome(reader.readline()))
    reader.feed_data(b"ok\n")
    reader.feed_eof()
    say(await outcome(reader.read(100)))


@program
async def readuntil_ends_with_the_separator():
    reader = fed(b"abc--def-", b"-", b"rest", eof=True)
    say(await reader.readuntil(b"--"), await reader.readuntil(b"--"))
    say(await outcome(reader.readuntil(b"--")), reader.at_eof())


@program
async def readuntil_takes_the_separator_that_ends_first():
    reader = fed(b"one;two,three;,four", eof=True)
    for _ in range(4):
        say(await reader.readuntil((b",", b";", b";,")))
    say(await outcome(reader.readuntil((b",", b";"))))


@program
async def readuntil_over_the_limit_leaves_the_bytes():
    reader = fed(b"0123456789;", limit=5)
    say(await outcome(reader.readuntil(b";")))
    say(await reader.readexactly(11))
    reader.feed_data(b"0123456789")
    say(await outcome(reader.readuntil(b";;")))
    say(await reader.readexactly(10))


@program
async def a_separator_of_nothing_is_an_error():
    reader = fed(b"abc")
    say(await outcome(reader.readuntil(b"")))
    say(attempt(asyncio.StreamReader, 0))


@program
async def an_error_comes_before_what_is_there():
    reader = fed(b"abc\n")
    reader.set_exception(Boom("broken"))
    say(reader.exception(), await outcome(reader.read(1)), await outcome(reader.readline()))
    say(await outcome(reader.readexactly(1)), await outcome(reader.readuntil(b"c")))


@program
async def an_error_wakes_who_reads():
    reader = fed()
    task = create_task(reader.readline())
    await ticks(1)
    reader.set_exception(Boom("broken"))
    say(await outcome(task))


@program
async def a_cancelled_readline_loses_nothing():
    reader = fed(b"half a ")
    task = create_task(reader.readline())
    await ticks(1)
    task.cancel("why")
    say(await outcome(task))
    reader.feed_data(b"line\n")
    line = await reader.readline()
    say(line.rstrip(), len(line))


@program
async def lines_come_one_after_the_other():
    reader = fed(b"one\ntwo\nthree", eof=True)
    async for line in reader:
        say(line.rstrip())
    say("end", reader.at_eof())
