"""echo_server.py - Python's own asyncio echoes on one port, by TCP and by UDP, until it is killed.

Prints HOST:PORT once it listens on both.
"""
import asyncio


class Stream(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stream, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    await loop.create_datagram_endpoint(Datagrams, local_addr=(host, port))
    print(f"{host}:{port}", flush=True)
    await server.serve_forever()


asyncio.run(main())
