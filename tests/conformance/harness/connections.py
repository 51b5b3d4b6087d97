"""Connections for the programs: a protocol that notes its callbacks, and plain peers outside of the loop.

The counterpart is `connections.rs`.
"""

import asyncio
import socket

from harness.programs import say


class Noting(asyncio.Protocol):
    """Notes each callback, and then does what the program wants."""

    def __init__(self, name, **on):
        self.name = name
        self.on = on
        self.heard = 0
        self.lost = asyncio.get_running_loop().create_future()

    def does(self, what, *args):
        return self.on[what](self.transport, *args) if what in self.on else None

    def connection_made(self, transport):
        self.transport = transport
        say(self.name, "made")
        self.does("made")

    def data_received(self, data):
        say(self.name, "data", data if len(data) < 100 else "of many bytes")
        self.heard += len(data)
        self.does("data", data)

    def eof_received(self):
        say(self.name, "eof")
        return self.does("eof")

    def connection_lost(self, exc):
        say(self.name, "lost", exc)
        if not self.lost.done():
            self.lost.set_result(None)
        self.does("lost")

    def pause_writing(self):
        say(self.name, "pause")

    def resume_writing(self):
        say(self.name, "resume")


async def connected(protocol):
    """A connection of the loop's to a plain socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: protocol, *listener.getsockname())
        peer, _ = listener.accept()
    return transport, peer


async def until(condition):
    """Lets the loop run until something holds."""
    while not condition():
        await asyncio.sleep(0)


def address(server):
    return server.sockets[0].getsockname()


def client_of(server):
    """A plain client. The system accepts it, so this does not wait for the loop."""
    return socket.create_connection(address(server))


def nobody():
    """A socket that has a port and does not listen, so that nobody else gets the port."""
    reserved = socket.socket()
    reserved.bind(("127.0.0.1", 0))
    return reserved


def reset(peer):
    """Ends a connection at once, so that the other side gets an error."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
