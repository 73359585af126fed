"""A mail server that keeps to itself what it gets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope, Session

from alert_demo._message import Arrived, Message

__all__ = ["mail_server"]


class _Mailbox:
    """Takes every mail."""

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._number = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._arrived(_read(envelope))
        self._number += 1
        return f"250 2.0.0 queued as {self._number}"


def _read(envelope: Envelope) -> Message:
    mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
    text = mail.get_body(("plain",))
    return Message(
        "email",
        str(mail["X-Alert-Id"] or ""),
        {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in mail.items()},
            "body": text.get_content() if text else "",
        },
    )


@contextmanager
def mail_server(arrived: Arrived) -> Iterator[int]:
    """Run an SMTP server on a free port of loopback.

    `aiosmtpd.controller` is not used, because it has to know the port beforehand.

    Yields:
        The port.
    """
    loop = asyncio.new_event_loop()
    mailbox = _Mailbox(arrived)
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(mailbox, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        asyncio.run_coroutine_threadsafe(_end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end() -> None:
    """End the conversations that are still open."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
