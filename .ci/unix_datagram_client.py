"""unix_datagram_client.py PATH|@NAME FOLDER - checks an echo server of unix datagrams with Python's own asyncio.

Each datagram must come back whole and alone: empty, small, and large; to many senders at once, and to one that reads
nothing for a while, so that the server has to wait for room. FOLDER is where the senders have their names.
"""
import asyncio
import os
import random
import socket
import sys

LIMIT = 60  # seconds for everything
EMPTY = [0] if sys.version_info >= (3, 13) else []  # older ones do not send it


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.received.put_nowait(data)

    def error_received(self, exc):
        self.received.put_nowait(exc)


def bound(server, name):
    """A plain socket with a name, connected to the server."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(name)
    sock.connect(server)
    sock.setblocking(False)
    return sock


async def echo(server, name, sizes):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Client, sock=bound(server, name))
    for size in sizes:
        sent = random.Random(size).randbytes(size)
        transport.sendto(sent)
        received = await asyncio.wait_for(protocol.received.get(), 5)
        assert received == sent, f"{size} bytes: {received!r:.80} came back"
    transport.close()


async def late(server, name):
    """Sends many, and reads the answers later; each must come, in order."""
    loop = asyncio.get_running_loop()
    sock = bound(server, name)
    for number in range(200):
        await loop.sock_sendall(sock, str(number).encode())
    for number in range(200):
        received = await asyncio.wait_for(loop.sock_recv(sock, 100), 5)
        assert received == str(number).encode(), f"{received!r} instead of {number}"
    sock.close()


async def main(address, folder):
    server = "\0" + address[1:] if address.startswith("@") else address

    def name(number):
        # Some senders have paths, some abstract names where there are any.
        path = os.path.join(folder, f"sender{number}")
        return "\0" + path if number % 2 and sys.platform == "linux" else path

    await echo(server, name(0), [*EMPTY, 1, 2, 1000, 9000, 60000, *EMPTY])
    await late(server, name(1))
    await asyncio.gather(*(echo(server, name(number), range(number, number + 100)) for number in range(2, 22)))
    print("every datagram came back")


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), LIMIT))
