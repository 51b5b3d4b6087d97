"""Datagram endpoints: what arrives, and what goes wrong."""

import asyncio
import socket

from harness.connections import until
from harness.programs import Boom, outcome, program, report, say, ticks


class Noting(asyncio.DatagramProtocol):
    def __init__(self, name, fails=False):
        self.name = name
        self.fails = fails
        self.count = 0
        self.errors = 0

    def connection_made(self, transport):
        self.transport = transport
        say(self.name, "made")

    def datagram_received(self, data, addr):
        say(self.name, "datagram", data)
        self.count += 1
        self.addr = addr
        if self.fails:
            raise Boom("in a callback")

    def error_received(self, exc):
        say(self.name, "error", exc)
        self.errors += 1

    def connection_lost(self, exc):
        say(self.name, "lost", exc)


async def bound(name, **options):
    loop = asyncio.get_running_loop()
    protocol = Noting(name, **options)
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=("127.0.0.1", 0))
    return transport, protocol


async def connected(name, address):
    loop = asyncio.get_running_loop()
    protocol = Noting(name)
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, remote_addr=address)
    return transport, protocol


async def end(*transports):
    for transport in transports:
        transport.close()
    await ticks(2)


@program
async def a_question_and_its_answer():
    server, server_protocol = await bound("server")
    client, client_protocol = await connected("client", server.get_extra_info("sockname"))
    client.sendto(b"question")
    await until(lambda: server_protocol.count)
    say(server_protocol.addr == client.get_extra_info("sockname"))
    server.sendto(b"answer", server_protocol.addr)
    await until(lambda: client_protocol.count)
    say(client.get_extra_info("peername") == server.get_extra_info("sockname"), server.get_extra_info("peername"))
    await end(client)
    await end(server)


@program
async def datagrams_stay_apart_and_in_their_order():
    server, protocol = await bound("server")
    client, _ = await connected("client", server.get_extra_info("sockname"))
    for data in (b"one", b"two", b"three"):
        client.sendto(data)
    await until(lambda: protocol.count == 3)
    await end(client)
    await end(server)


@program
async def an_empty_datagram_arrives():
    server, protocol = await bound("server")
    client, _ = await connected("client", server.get_extra_info("sockname"))
    client.sendto(b"")
    await until(lambda: protocol.count)
    say("arrived")
    await end(client)
    await end(server)


@program
async def a_refused_datagram_is_told_and_the_endpoint_stays():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        # Who is connected to itself gets nothing of others, and keeps the port.
        nobody.bind(("127.0.0.1", 0))
        nobody.connect(nobody.getsockname())
        client, protocol = await connected("client", nobody.getsockname())
        client.sendto(b"to nobody")
        await until(lambda: protocol.errors)
    say(client.is_closing())
    await end(client)
    say(client.is_closing())


@program
async def a_connected_endpoint_sends_to_nobody_else():
    server, protocol = await bound("server")
    client, _ = await connected("client", server.get_extra_info("sockname"))

    async def send(address):
        client.sendto(b"data", address)

    say(await outcome(send(client.get_extra_info("sockname"))))
    say(await outcome(send(server.get_extra_info("sockname"))))
    await until(lambda: protocol.count)
    await end(client)
    await end(server)


@program
async def close_and_abort_end_an_endpoint_once():
    first, _ = await bound("first")
    first.close()
    first.close()
    say(first.is_closing())
    await ticks(2)
    second, _ = await bound("second")
    second.abort()
    second.abort()
    say(second.is_closing())
    await ticks(2)


@program
async def a_callback_that_fails_leaves_the_endpoint_open():
    asyncio.get_running_loop().set_exception_handler(report)
    server, protocol = await bound("server", fails=True)
    client, _ = await connected("client", server.get_extra_info("sockname"))
    client.sendto(b"data")
    await until(lambda: protocol.count)
    await ticks(3)
    say(server.is_closing())
    await end(client, server)


@program
async def an_endpoint_without_addresses_is_an_error():
    loop = asyncio.get_running_loop()
    say(await outcome(loop.create_datagram_endpoint(lambda: Noting("never"))))
