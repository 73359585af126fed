"""How a message reads, in the words of its protocol. All of it may come from anyone, and nothing of it may steer a terminal."""

from __future__ import annotations

import json
from typing import Any

from alert_demo._message import Message

__all__ = ["NAMES", "lines", "printable"]

NAMES = {
    "email": ("e-mail", "mail server"),
    "web": ("web request", "web server"),
    "syslog": ("syslog message", "syslog server"),
    "snmp": ("SNMP trap", "trap receiver"),
    "exec": ("notification", "program bin/block-host"),
}
"""Channel -> what it sends, and who gets it here."""


def lines(message: Message) -> list[str]:
    """A message as lines of text."""
    words = {"email": _mail, "web": _request, "syslog": _syslog, "snmp": _trap, "exec": _program}[message.channel]
    return [printable(line) for line in words(message.content)]


def printable(text: object) -> str:
    """Text with everything escaped that is not to be seen."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "replace").decode("ascii")
        for character in str(text)
    )


def _mail(content: dict[str, Any]) -> list[str]:
    envelope = [f"MAIL FROM:<{content['from']}>", *(f"RCPT TO:<{address}>" for address in content["to"]), "DATA"]
    headers = [f"{name}: {value}" for name, value in content["headers"].items()]
    return [*envelope, *headers, "", *content["body"].splitlines()]


def _request(content: dict[str, Any]) -> list[str]:
    headers = [f"{name}: {value}" for name, value in content["headers"].items()]
    return [content["request"], *headers, "", *_object(content["body"])]


def _object(body: dict[str, Any]) -> list[str]:
    """A JSON object with a line for each of its fields."""
    fields = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in body.items()]
    return ["{", *(f"{one}," for one in fields[:-1]), *fields[-1:], "}"]


def _syslog(content: dict[str, Any]) -> list[str]:
    return [content["line"]]


def _trap(content: dict[str, Any]) -> list[str]:
    if "unreadable" in content:
        return [f"not an SNMPv2c trap: {content['unreadable']}"]
    width = max(map(len, content["objects"]), default=0)
    return [f"{name:<{width}} = {value}" for name, value in content["objects"].items()]


def _program(content: dict[str, Any]) -> list[str]:
    return [f"It was run, and added this line to {content['file']}:", "", content["line"]]
