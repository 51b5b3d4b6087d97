"""Sockets of the program's own: readers and writers, and the operations sock_*."""

import asyncio
import socket

from harness.connections import nobody
from harness.programs import Boom, create_task, outcome, program, report, say, ticks


def pair():
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    return ours, peer


@program
async def a_reader_is_called_as_long_as_there_is_something():
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    done = loop.create_future()

    def readable():
        data = ours.recv(3)
        say("read", data)
        if not data:
            loop.remove_reader(ours)
            done.set_result(None)

    loop.add_reader(ours, readable)
    peer.sendall(b"01234567")
    peer.close()
    await done
    say(loop.remove_reader(ours))
    ours.close()


@program
async def a_writer_is_called_while_there_is_room():
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    done = loop.create_future()
    count = 0

    def writable():
        nonlocal count
        count += 1
        say("writable", count)
        if count == 3:
            say(loop.remove_writer(ours), loop.remove_writer(ours))
            done.set_result(None)

    loop.add_writer(ours, writable)
    await done
    await ticks(200)
    ours.close()
    peer.close()


@program
async def a_second_reader_takes_the_place_of_the_first():
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    done = loop.create_future()
    loop.add_reader(ours, say, "never")

    def second():
        say("second", ours.recv(100))
        done.set_result(None)

    loop.add_reader(ours, second)
    peer.sendall(b"data")
    await done
    say(loop.remove_reader(ours), loop.remove_reader(ours))
    ours.close()
    peer.close()


@program
async def a_reader_that_fails_is_reported_and_called_again():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    ours, peer = pair()
    done = loop.create_future()
    count = 0

    def readable():
        nonlocal count
        count += 1
        if count == 2:
            loop.remove_reader(ours)
            done.set_result(None)
        raise Boom("reader")

    loop.add_reader(ours, readable)
    peer.sendall(b"data")
    await done
    await ticks(2)
    ours.close()
    peer.close()


@program
async def bytes_go_through_a_pair_of_sockets():
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    peer.setblocking(False)
    task = create_task(loop.sock_recv(peer, 100))
    await ticks(1)
    await loop.sock_sendall(ours, b"hello")
    say(await task)
    memory = bytearray(4)
    await loop.sock_sendall(ours, b"hello")
    count = await loop.sock_recv_into(peer, memory)
    say(count, memory, await loop.sock_recv(peer, 100))
    ours.close()
    say(len(await loop.sock_recv(peer, 100)))
    peer.close()


@program
async def a_cancelled_receiver_takes_nothing():
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    task = create_task(loop.sock_recv(ours, 100))
    await ticks(2)
    task.cancel("why")
    say(await outcome(task))
    peer.sendall(b"kept")
    say(await loop.sock_recv(ours, 100))
    ours.close()
    peer.close()


@program
async def a_listener_accepts_and_a_client_connects():
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    client = socket.socket()
    client.setblocking(False)
    task = create_task(loop.sock_accept(listener))
    await loop.sock_connect(client, listener.getsockname())
    connection, address = await task
    say(address == client.getsockname())
    await loop.sock_sendall(client, b"hello")
    say(await loop.sock_recv(connection, 100))
    for each in (connection, client, listener):
        each.close()


@program
async def a_client_of_nobody_is_refused():
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setblocking(False)
    with nobody() as reserved:
        say(await outcome(loop.sock_connect(client, reserved.getsockname())))
    client.close()
