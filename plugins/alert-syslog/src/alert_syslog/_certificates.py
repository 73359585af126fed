"""The TLS context of new connections, which follows its files when a certificate is renewed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from alert_core import AlertError
from alert_core.settings import Secret
from alert_core.tls import ServerTls, server_context
from alert_syslog._notices import Notices

__all__ = ["Certificates"]


class Certificates:
    """Makes the context again when a file has changed, and stays with the old one as long as the new files are no use.

    Args:
        tls: The settings.
        reveal: `Context.reveal`.
        notices: Where it is said that new files are no use.
    """

    def __init__(self, tls: ServerTls, reveal: Callable[[Secret], str], notices: Notices) -> None:
        self._tls, self._reveal, self._notices = tls, reveal, notices
        self._stamps: list[tuple[int, int]] = []
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context for a new connection.

        Raises:
            SourceError: The files are no use, and never were.
            SecretError: The password of the key cannot be had, and never could.
        """
        stamps = [_stamp(file) for file in (self._tls.certificate, self._tls.key, self._tls.client_ca_file) if file]
        if self._context is None:
            self._context = self._made()
        elif stamps != self._stamps:
            try:
                self._context = self._made()
            except AlertError as error:
                self._notices.warn("files", f"{error}; the certificate from before is used on")
                return self._context
        self._stamps = stamps
        return self._context

    def _made(self) -> ssl.SSLContext:
        context = server_context(self._tls, self._reveal)
        # Senders do not read. One that is closed with an unread ticket resets the connection, and what it wrote last is lost.
        context.num_tickets = 0
        return context


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
