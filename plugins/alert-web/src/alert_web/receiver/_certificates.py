"""The TLS context of new connections, which follows its files when a certificate is renewed."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

from alert_core import AlertError, Secret
from alert_core.tls import ServerTls, server_context

__all__ = ["Certificates"]

logger = logging.getLogger(__name__)


class Certificates:
    """Makes the context again when a file has changed, and stays with the old one while the new files are no use.

    Args:
        tls: The settings.
        reveal: `Context.reveal`.

    Raises:
        SourceError: The files are no use.
        SecretError: The password of the key cannot be had.
    """

    def __init__(self, tls: ServerTls, reveal: Callable[[Secret], str]) -> None:
        self._tls, self._reveal = tls, reveal
        self._stamps = self._look()
        self._context = server_context(tls, reveal)

    def context(self) -> ssl.SSLContext:
        """The context for a new connection."""
        stamps = self._look()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._context = server_context(self._tls, self._reveal)
            except AlertError as error:
                logger.warning("%s; the certificate from before is used on", error)
        return self._context

    def _look(self) -> list[tuple[int, int]]:
        return [_stamp(file) for file in (self._tls.certificate, self._tls.key, self._tls.client_ca_file) if file]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
