"""echo_client.py HOST:PORT|PATH|@NAME - checks an echo server with Python's own asyncio.

Many connections at once, sizes from one byte to more than any buffer, a client that does not read for a while, a half
close, and a client that goes away without a word. Ends with 0 if every byte came back.
"""
import asyncio
import random
import sys

LIMIT = 60  # seconds for everything


def place(address):
    """What the functions for unix sockets take, or else those for TCP."""
    if address.startswith("@"):
        return ["\0" + address[1:]]
    if "/" in address:
        return [address]
    host, _, port = address.rpartition(":")
    return [host, int(port)]


async def connect(address):
    where = place(address)
    return await (asyncio.open_connection if len(where) == 2 else asyncio.open_unix_connection)(*where)


async def echo(address, size, pause=0.0):
    reader, writer = await connect(address)
    sent = random.Random(size).randbytes(size)

    async def send():
        for at in range(0, size, 65536):
            writer.write(sent[at:at + 65536])
            await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    await asyncio.sleep(pause)  # meanwhile nothing is read: the server must not keep all of it
    received = await reader.read(-1)
    await sending
    writer.close()
    await writer.wait_closed()
    assert received == sent, f"{size} bytes: {len(received)} came back"


async def one_after_the_other(address, count):
    reader, writer = await connect(address)
    for number in range(count):
        line = b"line %d\n" % number
        writer.write(line)
        assert await reader.readline() == line
    writer.close()
    await writer.wait_closed()


async def vanish(address):
    _, writer = await connect(address)
    writer.write(bytes(1 << 20))
    writer.transport.abort()


class Protocol(asyncio.Protocol):
    """The callback API on Python's side as well."""

    def __init__(self, done):
        self.done, self.left = done, 1000

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"x")

    def data_received(self, data):
        self.left -= len(data)
        if self.left > 0:
            self.transport.write(data)
        else:
            self.transport.close()

    def connection_lost(self, exc):
        self.done.set_result(exc)


async def by_protocol(address):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    where = place(address)
    connecting = loop.create_connection if len(where) == 2 else loop.create_unix_connection
    await connecting(lambda: Protocol(done), *where)
    assert await done is None


async def main(address):
    await asyncio.gather(*(echo(address, size) for size in (1, 2, 1000, 65536, 65537, 262144, 1 << 20)))
    await asyncio.gather(*(echo(address, 1000 + number) for number in range(100)))
    await echo(address, 8 << 20, pause=0.3)
    await asyncio.gather(*(one_after_the_other(address, 200) for _ in range(10)))
    await asyncio.gather(*(vanish(address) for _ in range(20)))
    await asyncio.gather(*(by_protocol(address) for _ in range(20)))
    await echo(address, 100)
    print("every byte came back")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), LIMIT))
