"""A connection to a mail server."""

from __future__ import annotations

import io
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Answer", "Connection", "readable"]

Answer = tuple[int, bytes]
_LONGEST_ANSWER = 256 * 1024


class Connection(smtplib.SMTP):
    """The standard library's client with what it lacks: another name to expect in the certificate, and an end to an answer.

    `smtplib` waits for every piece of an answer as long as for the first, so that a server which sends a letter now and then
    holds it for ever.

    Args:
        wait_seconds: How long the server may take for each answer.
    """

    def __init__(self, *, wait_seconds: float) -> None:
        super().__init__(local_hostname=_own_name(), timeout=wait_seconds)
        self._wait_seconds = wait_seconds
        self.sock: socket.socket | None = None
        self.file: io.BufferedReader | None = None

    def open(self, host: str, port: int, *, tls: ssl.SSLContext | None, server_name: str) -> None:
        """Connect and hear the greeting.

        Args:
            host: Name or address of the server.
            port: Its port.
            tls: For a connection that is encrypted from the start.
            server_name: The name to expect in the certificate.
        """
        try:
            self.sock = socket.create_connection((host, port), self._wait_seconds)
        except UnicodeError:
            raise OSError(f"{host!r} is no name of a computer") from None
        if tls is not None:
            self._wrap(tls, server_name)
        self._expect(220, self.getreply())

    def encrypt(self, tls: ssl.SSLContext, server_name: str) -> None:
        """Go on encrypted; what the server said before is forgotten, as anybody could have said it."""
        self._expect(220, self.docmd("STARTTLS"))
        self._wrap(tls, server_name)
        self.file, self.ehlo_resp, self.helo_resp, self.esmtp_features = None, None, None, {}
        self.ehlo_or_helo_if_needed()

    @property
    def encrypted(self) -> bool:
        """Whether what is said stays between the two ends."""
        return isinstance(self.sock, ssl.SSLSocket)

    def exchange(self, commands: Sequence[str]) -> list[Answer]:
        """Say several things and return the answers; all at once, if the server can take that."""
        if not self.has_extn("pipelining"):
            return [self.docmd(command) for command in commands]
        self.send("".join(f"{command}\r\n" for command in commands))
        answers: list[Answer] = []
        for _ in commands:
            # After 421, which ends the connection, nothing more comes.
            answers.append(answers[-1] if answers and answers[-1][0] == 421 else self.getreply())
        return answers

    def getreply(self) -> Answer:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Answers(self.sock))
        if self.file is not None:
            raw = self.file.raw
            assert isinstance(raw, _Answers)
            raw.expect(self._wait_seconds)
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                self.sock.settimeout(self._wait_seconds)

    def _wrap(self, tls: ssl.SSLContext, server_name: str) -> None:
        assert self.sock is not None
        try:
            # Before the library does it, which would leave the socket open behind it.
            server_name.encode("idna")
        except UnicodeError:
            raise OSError(f"{server_name!r} is no name for a certificate") from None
        self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)

    def _expect(self, code: int, answer: Answer) -> None:
        if answer[0] != code:
            raise smtplib.SMTPResponseException(*answer)


class _Answers(io.RawIOBase):
    """What comes in, up to a moment and a size."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def expect(self, seconds: float) -> None:
        """Begin to wait for an answer."""
        self._end, self._room = time.monotonic() + seconds, _LONGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        if self._room <= 0:
            raise OSError("an answer does not end")
        self._sock.settimeout(left)
        count = self._sock.recv_into(buffer)
        self._room -= count
        return count


def _own_name() -> str:
    """The name for EHLO: the computer's if it is a full one, else an address literal; never a slow look-up."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name) else "[127.0.0.1]"


def readable(text: str) -> str:
    """A server's words in one line, without control characters, not longer than a person reads."""
    printable = "".join(c if c.isprintable() else " " for c in text[:600])
    return " ".join(printable.split())[:300]
