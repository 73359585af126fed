"""Receivers that do nothing but take what comes, each a process of its own on another core than the sender.

`python -m benchmarks.sinks KIND DELAY_MS` prints its port, serves until its standard input ends, and prints how many it took.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Self

from benchmarks.processes import pin


class _Http(asyncio.Protocol):
    """An HTTP/1.1 server that reads whole requests and answers 204."""

    taken = 0
    delay = 0.0

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = 0
            for line in self._buffer[:head].split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(self._buffer) < head + 4 + length:
                return
            self._buffer = self._buffer[head + 4 + length :]
            _Http.taken += 1
            if _Http.delay:
                asyncio.get_running_loop().call_later(_Http.delay, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        assert self._transport is not None
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


class _Smtp(asyncio.Protocol):
    """A mail server that takes every mail, in as few words as the protocol allows."""

    taken = 0

    def __init__(self) -> None:
        self._buffer, self._in_mail = b"", False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        end = b"\r\n.\r\n" if self._in_mail else b"\r\n"
        line, found, rest = self._buffer.partition(end)
        if not found:
            return False
        self._buffer = rest
        assert self._transport is not None
        if self._in_mail:
            _Smtp.taken += 1
            self._in_mail = False
            self._transport.write(b"250 taken\r\n")
        else:
            self._command(line[:4].upper())
        return True

    def _command(self, word: bytes) -> None:
        assert self._transport is not None
        self._in_mail = word == b"DATA"
        if word == b"EHLO":
            self._transport.write(b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif word == b"DATA":
            self._transport.write(b"354 go on\r\n")
        elif word == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")


class _Datagrams:
    """A UDP socket that is read as fast as one thread can.

    It never sleeps: waking it is charged to whoever sends, and costs the more the longer it has slept.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind(("127.0.0.1", 0))

    def read(self) -> None:
        receive, size = self.socket.recv, 65536
        self.socket.setblocking(False)
        while True:
            with suppress(BlockingIOError):
                receive(size)
                self.taken += 1


async def _serve(protocol: type[asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main(kind: str, delay_ms: str) -> None:
    """Serve until standard input ends."""
    pin(first=True)
    if kind == "udp":
        receiver = _Datagrams()
        print(receiver.socket.getsockname()[1], flush=True)
        threading.Thread(target=receiver.read, daemon=True).start()
        sys.stdin.read()
        taken = receiver.taken
    else:
        _Http.delay = float(delay_ms) / 1000
        asyncio.run(_serve({"http": _Http, "smtp": _Smtp}[kind]))
        taken = _Http.taken + _Smtp.taken
    print(taken, flush=True)
    os._exit(0)


class Sink:
    """A running sink.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        taken: How many it took, once it has been left.
    """

    def __init__(self, kind: str, delay_ms: float = 0) -> None:
        command = [sys.executable, "-m", "benchmarks.sinks", kind, str(delay_ms)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        said, _words = self._process.communicate("", timeout=30)
        self.taken = int(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
