"""Connections with protocols: which callback comes when, and what a transport says of itself."""

import asyncio

from harness.connections import Noting, connected, nobody, reset, until
from harness.programs import Boom, attempt, outcome, program, report, say, ticks

MUCH = b"x" * (16 << 20)


async def read_all(peer):
    """All that a plain peer receives until the end; in a thread of its own."""

    def read():
        count = 0
        while data := peer.recv(1 << 16):
            count += len(data)
        return count

    return await asyncio.get_running_loop().run_in_executor(None, read)


@program
async def a_connection_from_its_beginning_to_its_end():
    protocol = Noting("ours")
    asyncio.get_running_loop().call_soon(say, "connecting")
    transport, peer = await connected(protocol)
    say("connected", transport.is_closing(), transport.is_reading())
    peer.sendall(b"hello")
    await ticks(3)
    peer.sendall(b"again")
    peer.close()
    await protocol.lost
    say(transport.is_closing(), transport.is_reading())


@program
async def close_ends_the_connection_a_tick_later():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.close()
    transport.close()
    say(transport.is_closing(), protocol.lost.done())
    await ticks(1)
    say(peer.recv(100), "end")
    peer.close()


@program
async def what_was_written_is_sent_before_the_end():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.write(b"one ")
    transport.writelines([b"two ", b"", b"three"])
    transport.write(b"")
    transport.close()
    transport.write(b"dropped")
    await protocol.lost
    say(await read_all(peer))
    peer.close()


@program
async def much_is_flushed_after_close():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.write(MUCH)
    transport.close()
    say("closing", transport.get_write_buffer_size() > 0)
    say(await read_all(peer) == len(MUCH))
    await protocol.lost
    peer.close()


@program
async def abort_drops_what_waits():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.write(MUCH)
    transport.abort()
    say(transport.is_closing(), protocol.lost.done())
    await ticks(2)
    say(transport.get_write_buffer_size())
    peer.close()


@program
async def who_keeps_the_connection_at_the_end_may_still_write():
    ended = asyncio.get_running_loop().create_future()

    def keep(_):
        ended.set_result(None)
        return True

    protocol = Noting("ours", eof=keep)
    transport, peer = await connected(protocol)
    peer.shutdown(1)
    await ended
    say("open", not transport.is_closing())
    transport.write(b"after the end")
    say(peer.recv(100))
    transport.close()
    await protocol.lost
    peer.close()


@program
async def write_eof_ends_one_direction():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    say(transport.can_write_eof())
    transport.write(b"last words")
    transport.write_eof()
    transport.write_eof()
    say(peer.recv(100), peer.recv(100), "end")
    peer.sendall(b"still heard")
    await until(lambda: protocol.heard > 0)
    say(transport.is_closing())
    peer.close()
    await protocol.lost


@program
async def a_reset_is_an_error():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    reset(peer)
    await protocol.lost
    say(transport.is_closing())


@program
async def a_port_where_nobody_listens_refuses():
    loop = asyncio.get_running_loop()
    with nobody() as reserved:
        say(await outcome(loop.create_connection(lambda: Noting("never"), *reserved.getsockname())))


@program
async def limits_of_the_write_buffer():
    transport, peer = await connected(Noting("ours"))

    def limits(high=None, low=None):
        failed = attempt(transport.set_write_buffer_limits, high, low)
        say(failed, *transport.get_write_buffer_limits())

    say(*transport.get_write_buffer_limits())
    limits(1000)
    limits(1000, 100)
    limits(None, 100)
    limits(0)
    limits(0, 10)
    limits(10, 20)
    limits()
    transport.close()
    await ticks(2)
    peer.close()


@program
async def the_writer_is_paused_once_and_resumed_once():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.set_write_buffer_limits(1 << 20, 1 << 10)
    transport.write(b"little")
    say("written")
    transport.write(MUCH)
    say("written much")
    transport.write(MUCH)
    say("written more")
    transport.close()
    say(await read_all(peer))
    await protocol.lost
    peer.close()


@program
async def limits_that_are_lowered_pause_at_once():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.set_write_buffer_limits(1 << 30)
    transport.write(MUCH)
    say("written")
    transport.set_write_buffer_limits(1000)
    say("lowered")
    transport.abort()
    await protocol.lost
    peer.close()


@program
async def reading_pauses_and_goes_on():
    protocol = Noting("ours")
    transport, peer = await connected(protocol)
    transport.pause_reading()
    transport.pause_reading()
    say(transport.is_reading())
    peer.sendall(b"kept")
    await ticks(200)
    say("nothing yet")
    transport.resume_reading()
    transport.resume_reading()
    say(transport.is_reading())
    await until(lambda: protocol.heard > 0)
    transport.close()
    await protocol.lost
    transport.resume_reading()
    say(transport.is_reading())
    peer.close()


@program
async def a_callback_that_fails_ends_the_connection():
    asyncio.get_running_loop().set_exception_handler(report)

    def fail(*_):
        raise Boom("in a callback")

    for what in ("data", "eof"):
        protocol = Noting(what, **{what: fail})
        _, peer = await connected(protocol)
        peer.sendall(b"hello")
        peer.shutdown(1)
        await protocol.lost
        peer.close()


@program
async def the_first_and_the_last_callback_may_fail():
    asyncio.get_running_loop().set_exception_handler(report)

    def fail(*_):
        raise Boom("in a callback")

    for what in ("made", "lost"):
        protocol = Noting(what, **{what: fail})
        transport, peer = await connected(protocol)
        say(what, "connected")
        transport.close()
        await protocol.lost
        peer.close()


@program
async def a_protocol_answers_where_it_is_told():
    protocol = Noting(
        "ours",
        made=lambda transport: transport.write(b"welcome "),
        data=lambda transport, data: transport.write(b"you said " + data),
        eof=lambda transport: transport.write(b" goodbye"),
    )
    _, peer = await connected(protocol)
    peer.sendall(b"hello")
    peer.shutdown(1)
    await protocol.lost
    received = b""
    while data := peer.recv(100):
        received += data
    say(received)
    peer.close()


@program
async def a_connection_is_handed_to_another_protocol():
    first, second = Noting("first"), Noting("second")
    transport, peer = await connected(first)
    peer.sendall(b"for the first")
    await until(lambda: first.heard > 0)
    second.transport = transport
    transport.set_protocol(second)
    say(transport.get_protocol() is second)
    peer.sendall(b"for the second")
    peer.close()
    await second.lost
    say(first.lost.done())


@program
async def a_buffered_protocol_lends_its_memory():
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self):
            self.memory = bytearray(4)
            self.lost = asyncio.get_running_loop().create_future()

        def connection_made(self, transport):
            say("made")

        def get_buffer(self, sizehint):
            return self.memory

        def buffer_updated(self, nbytes):
            say("updated", nbytes, self.memory[:nbytes])

        def eof_received(self):
            say("eof")

        def connection_lost(self, exc):
            say("lost", exc)
            self.lost.set_result(None)

    protocol = Buffered()
    _, peer = await connected(protocol)
    peer.sendall(b"0123456789")
    peer.close()
    await protocol.lost


@program
async def a_transport_knows_both_addresses():
    transport, peer = await connected(Noting("ours"))
    say(transport.get_extra_info("peername") == peer.getsockname())
    say(transport.get_extra_info("sockname") == peer.getpeername())
    say(transport.get_extra_info("nonsense"))
    transport.close()
    await ticks(2)
    say(transport.get_extra_info("peername") == peer.getsockname())
    peer.close()
