"""Child processes: what they are told, what they say, and how they end."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

from harness.programs import attempt, create_task, outcome, program, say, ticks


async def shell(command, **options):
    return await asyncio.create_subprocess_shell(command, **options)


@program
async def communicate_feeds_and_reads():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    say(process.returncode)
    say(*await process.communicate(b"hello"))
    say(process.returncode)
    process = await shell("echo out; echo err >&2; exit 3", stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    say(out.rstrip(), err.rstrip(), process.returncode)


@program
async def output_and_errors_go_where_they_are_sent():
    process = await shell("echo out; echo err >&2", stdout=PIPE, stderr=STDOUT)
    out, err = await process.communicate()
    say(out.replace(b"\n", b"|"), err)
    process = await shell("echo out", stdout=DEVNULL)
    say(*await process.communicate(), process.stdout, process.stdin)


@program
async def a_process_that_is_killed_by_a_signal():
    for send in ("terminate", "kill"):
        process = await asyncio.create_subprocess_exec("sleep", "60")
        getattr(process, send)()
        say(send, await process.wait(), process.returncode)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    process.send_signal(signal.SIGINT)
    say(await process.wait())


@program
async def a_process_that_has_ended_gets_no_signal():
    process = await shell("exit 0")
    say(await process.wait(), await process.wait())
    say(attempt(process.kill), attempt(process.terminate), attempt(process.send_signal, signal.SIGINT))


@program
async def a_program_that_does_not_exist():
    say(await outcome(asyncio.create_subprocess_exec("/nowhere/nothing")))
    process = await shell("/nowhere/nothing", stderr=DEVNULL)
    say(await process.wait())


@program
async def several_wait_for_one_process():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)

    async def waiter(name):
        say(name, await process.wait())

    first, second, third = (create_task(waiter(name)) for name in ("first", "second", "third"))
    await ticks(2)
    second.cancel("why")
    say(await outcome(second))
    process.stdin.close()
    await asyncio.wait([first, third])


@program
async def a_conversation_with_a_process():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for line in (b"one\n", b"two\n"):
        process.stdin.write(line)
        await process.stdin.drain()
        line = await process.stdout.readline()
        say("answer", line.rstrip())
    process.stdin.close()
    await process.stdin.wait_closed()
    say(len(await process.stdout.read()), await process.wait())


@program
async def what_was_printed_stays_after_the_end():
    process = await shell("echo here", stdout=PIPE)
    say(await process.wait())
    say((await process.stdout.read()).rstrip(), process.stdout.at_eof())


@program
async def a_process_that_does_not_read_is_no_error():
    process = await shell("exec 0<&-; exit 5", stdin=PIPE)
    say(*await process.communicate(b"x" * (1 << 20)), process.returncode)


@program
async def a_cancelled_wait_leaves_the_process_running():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
    task = create_task(process.wait())
    await ticks(2)
    task.cancel("why")
    say(await outcome(task), process.returncode)
    process.stdin.close()
    say(await process.wait())


class Noting(asyncio.SubprocessProtocol):
    """Notes what has one place; pipes and the exit come in any order, so these are kept."""

    def __init__(self):
        self.output = {1: b"", 2: b""}
        self.ends = []
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        say("made", transport.get_returncode())

    def pipe_data_received(self, fd, data):
        self.output[fd] += data

    def pipe_connection_lost(self, fd, exc):
        self.ends.append(f"pipe {fd} lost {show(exc)}")

    def process_exited(self):
        self.ends.append("exited")

    def connection_lost(self, exc):
        say("lost", exc, sorted(self.ends))
        self.ended.set_result(None)


def show(exc):
    return "none" if exc is None else type(exc).__name__


@program
async def a_process_by_its_callbacks():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_shell(Noting, "cat; echo err >&2; exit 4")
    stdin = transport.get_pipe_transport(0)
    say(transport.get_pipe_transport(7), transport.is_closing())
    stdin.write(b"hello")
    stdin.close()
    await protocol.ended
    say(protocol.output[1], protocol.output[2].rstrip(), transport.get_returncode())
    say(attempt(transport.kill))
    transport.close()


@program
async def closing_the_transport_ends_the_process():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(Noting, "sleep", "60")
    transport.close()
    transport.close()
    say(transport.is_closing())
    await protocol.ended
    say(transport.get_returncode())
