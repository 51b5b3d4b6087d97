"""Streams over connections: readers and writers, and the server's callback."""

import asyncio
import socket

from harness.connections import address, client_of, reset
from harness.programs import Boom, create_task, outcome, program, report, say, ticks

MUCH = b"x" * (16 << 20)


async def opened(limit=2**16):
    """A connection of the loop's to a plain socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=limit)
        peer, _ = listener.accept()
    return reader, writer, peer


async def end(server):
    server.close()
    await server.wait_closed()


@program
async def an_echo_by_streams():
    async def echo(reader, writer):
        while line := await reader.readline():
            say("server", line.rstrip())
            writer.write(line)
            await writer.drain()
        say("server at the end")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*address(server))
    for line in (b"one\n", b"two\n"):
        writer.write(line)
        await writer.drain()
        line = await reader.readline()
        say("client", line.rstrip())
    writer.close()
    await writer.wait_closed()
    say("client closed", writer.is_closing())
    await end(server)


@program
async def the_end_of_the_peer_is_the_end_of_the_reader():
    reader, writer, peer = await opened()
    peer.sendall(b"last words")
    peer.close()
    say(await reader.read(), reader.at_eof(), await reader.read(10))
    say("closing", writer.is_closing())
    writer.close()
    await writer.wait_closed()
    say(writer.is_closing())


@program
async def one_direction_ends_before_the_other():
    reader, writer, peer = await opened()
    say(writer.can_write_eof())
    writer.write(b"question")
    writer.write_eof()
    say(peer.recv(100), len(peer.recv(100)))
    peer.sendall(b"answer")
    peer.close()
    say(await reader.read())
    writer.close()
    await writer.wait_closed()


@program
async def a_reset_reaches_who_reads_and_who_writes():
    reader, writer, peer = await opened()
    task = create_task(reader.read(100))
    await ticks(1)
    reset(peer)
    say(await outcome(task))
    say(await outcome(writer.drain()))
    say(await outcome(writer.wait_closed()), reader.exception())


@program
async def drain_after_close_is_an_error():
    _, writer, peer = await opened()
    writer.write(b"hello")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    say(await outcome(writer.drain()))
    peer.close()


@program
async def drain_waits_for_the_peer():
    _, writer, peer = await opened()
    writer.write(MUCH)
    first, second = create_task(writer.drain()), create_task(writer.drain())
    await ticks(100)
    say("waits", not first.done(), not second.done())

    def read():
        count = 0
        while count < len(MUCH):
            count += len(peer.recv(1 << 20))

    await asyncio.get_running_loop().run_in_executor(None, read)
    await first
    await second
    say("through", writer.transport.get_write_buffer_size() < len(MUCH))
    writer.close()
    await writer.wait_closed()
    peer.close()


@program
async def drain_ends_with_the_connection():
    _, writer, peer = await opened()
    writer.write(MUCH)
    task = create_task(writer.drain())
    await ticks(1)
    writer.transport.abort()
    say(await outcome(task))
    peer.close()


@program
async def a_reader_over_its_limit_stops_the_transport():
    reader, writer, peer = await opened(limit=1000)
    peer.sendall(b"x" * 5000)
    while writer.transport.is_reading():
        await ticks(1)
    say("paused", len(await reader.read(4500)))
    say("reads again", writer.transport.is_reading(), len(await reader.readexactly(500)))
    writer.close()
    await writer.wait_closed()
    peer.close()


@program
async def a_client_that_fails_is_reported_and_closed():
    asyncio.get_running_loop().set_exception_handler(report)

    async def fail(reader, writer):
        await reader.readline()
        raise Boom("client")

    server = await asyncio.start_server(fail, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*address(server))
    writer.write(b"line\n")
    say("closed with", len(await reader.read()))
    writer.close()
    await writer.wait_closed()
    await end(server)


@program
async def a_server_serves_several_at_once():
    gate = asyncio.Event()

    async def wait(_, writer):
        await gate.wait()
        writer.write(b"go")
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    clients = [await asyncio.open_connection(*address(server)) for _ in range(3)]
    reads = [create_task(reader.read()) for reader, _ in clients]
    await ticks(20)
    say([read.done() for read in reads])
    gate.set()
    say([await read for read in reads])
    for _, writer in clients:
        writer.close()
    await end(server)


@program
async def a_cancelled_read_leaves_the_bytes():
    reader, writer, peer = await opened()
    task = create_task(reader.readexactly(10))
    peer.sendall(b"01234")
    await ticks(200)
    task.cancel("why")
    say(await outcome(task))
    peer.sendall(b"56789")
    say(await reader.readexactly(10))
    writer.close()
    await writer.wait_closed()
    peer.close()


@program
async def writelines_and_close_send_all():
    _, writer, peer = await opened()
    writer.writelines([b"one ", b"two ", b"three"])
    writer.close()
    await writer.wait_closed()
    received = b""
    while data := peer.recv(100):
        received += data
    say(received)
    peer.close()


@program
async def a_plain_client_of_a_line_server():
    async def shout(reader, writer):
        async for line in reader:
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    client = client_of(server)
    client.sendall(b"one\ntwo\nrest")
    client.shutdown(socket.SHUT_WR)
    reader, writer = await asyncio.open_connection(sock=client)
    say((await reader.read()).replace(b"\n", b"|"))
    writer.close()
    await end(server)
