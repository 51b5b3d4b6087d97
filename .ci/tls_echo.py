"""Python's asyncio as the other side of TLS echo: a client of our server, or a server for our client.

tls_echo.py client HOST:PORT CAFILE
tls_echo.py server CERTFILE KEYFILE TLSv1_2|TLSv1_3     prints where it listens, and ends with its first client
"""

import asyncio
import os
import ssl
import sys


async def client(address, cafile):
    host, port = address.rsplit(":", 1)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=cafile)
        context.minimum_version = context.maximum_version = version
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        for size in (1, 1000, 16384, 16385, 1_000_000):
            data = os.urandom(size)
            writer.write(data)
            assert await reader.readexactly(size) == data, size
        print(writer.get_extra_info("ssl_object").version(), "is echoed")
        writer.close()
        await writer.wait_closed()


async def server(certfile, keyfile, version):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile, keyfile)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    served = asyncio.get_running_loop().create_future()

    async def echo(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        served.set_result(None)

    listening = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    print("listening on 127.0.0.1:%d" % listening.sockets[0].getsockname()[1], flush=True)
    await served


asyncio.run({"client": client, "server": server}[sys.argv[1]](*sys.argv[2:]))
