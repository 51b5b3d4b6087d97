"""Servers: when they serve, and whom they wait for."""

import asyncio
import socket

from harness.connections import Noting, address, client_of, until
from harness.programs import create_task, outcome, program, say, ticks


async def noting_server(**options):
    """A server whose connections are all noted under one name, and a list of them."""
    connections = []

    def factory():
        connections.append(Noting("server"))
        return connections[-1]

    loop = asyncio.get_running_loop()
    return await loop.create_server(factory, "127.0.0.1", 0, **options), connections


@program
async def a_server_from_its_beginning_to_its_end():
    server, connections = await noting_server()
    say(server.is_serving(), len(server.sockets))
    client = client_of(server)
    client.sendall(b"hello")
    await until(lambda: connections and connections[0].heard)
    client.close()
    await connections[0].lost
    server.close()
    server.close()
    say(server.is_serving(), len(server.sockets))
    await server.wait_closed()
    say("closed")


@program
async def a_server_that_does_not_serve_yet():
    server, connections = await noting_server(start_serving=False)
    say(server.is_serving())
    await server.start_serving()
    await server.start_serving()
    say(server.is_serving())
    client = client_of(server)
    await until(lambda: connections and hasattr(connections[0], "transport"))
    client.close()
    await connections[0].lost
    server.close()
    await server.wait_closed()


@program
async def a_closed_server_leaves_its_clients_connected():
    server, connections = await noting_server()
    client = client_of(server)
    await until(lambda: connections and hasattr(connections[0], "transport"))
    server.close()
    waiting = create_task(server.wait_closed())
    await ticks(5)
    say("waits", not waiting.done())
    client.sendall(b"still there")
    await until(lambda: connections[0].heard)
    client.close()
    await waiting
    say("closed")


@program
async def wait_closed_waits_until_the_server_is_closed():
    server, _ = await noting_server()
    waiting = create_task(server.wait_closed())
    await ticks(5)
    say("waits", not waiting.done())
    server.close()
    await waiting
    say("closed")
    await server.wait_closed()


@program
async def clients_are_closed_with_what_was_written_or_at_once():
    for how in ("close_clients", "abort_clients"):
        server, connections = await noting_server()
        client = client_of(server)
        await until(lambda: connections and hasattr(connections[0], "transport"))
        connections[0].transport.write(b"goodbye")
        server.close()
        getattr(server, how)()
        await server.wait_closed()
        say(how, client.recv(100), len(client.recv(100)))
        client.close()


@program
async def serve_forever_ends_by_a_cancel():
    server, _ = await noting_server(start_serving=False)
    task = create_task(server.serve_forever())
    await ticks(3)
    say(server.is_serving(), await outcome(server.serve_forever()))
    task.cancel("why")
    say(await outcome(task), server.is_serving())
    say(await outcome(server.serve_forever()))


@program
async def closing_a_server_ends_serve_forever():
    server, _ = await noting_server()
    task = create_task(server.serve_forever())
    await ticks(3)
    server.close()
    say(await outcome(task))


@program
async def clients_are_taken_in_the_order_in_which_they_came():
    server, connections = await noting_server()
    clients = [client_of(server) for _ in range(3)]
    await until(lambda: len(connections) == 3 and hasattr(connections[2], "transport"))
    peers = [connection.transport.get_extra_info("peername") for connection in connections]
    say(peers == [client.getsockname() for client in clients])
    for client in clients:
        client.close()
    server.close()
    await server.wait_closed()


@program
async def an_address_that_is_taken_is_an_error():
    server, _ = await noting_server()
    loop = asyncio.get_running_loop()
    say(await outcome(loop.create_server(lambda: Noting("never"), *address(server))))
    server.close()
    await server.wait_closed()


@program
async def a_server_of_datagrams_is_an_error():
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        say(await outcome(loop.create_server(lambda: Noting("never"), sock=datagrams)))
