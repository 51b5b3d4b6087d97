"""udp_echo_client.py HOST:PORT - checks a UDP echo server with Python's own asyncio.

Each datagram must come back whole and alone: empty, small, and the largest there is; from many endpoints at once.
"""
import asyncio
import random
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


async def echo(address, sizes):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Client, remote_addr=address)
    for size in sizes:
        sent = random.Random(size).randbytes(size)
        transport.sendto(sent)
        received = await asyncio.wait_for(protocol.received.get(), 5)
        assert received == sent, f"{size} bytes: {received!r:.80} came back"
    transport.close()


async def main(text):
    host, _, port = text.rpartition(":")
    address = host, int(port)
    await echo(address, [*EMPTY, 1, 2, 1000, 1472, 1473, 9000, 65507, *EMPTY])
    await asyncio.gather(*(echo(address, range(number, number + 100)) for number in range(1, 21)))
    print("every datagram came back")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), LIMIT))
