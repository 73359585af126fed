"""Addresses of people, as a person types them and as mail servers take them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.headerregistry import Address

__all__ = ["parse_address", "split_addresses"]

_PIECE = r'(?:"(?:\\.|[^"\\])*"|[^,"])+'  # a comma inside quotes separates nothing
_OUTSIDE_ASCII = r"[^\x00-\x7f]"


def parse_address(text: str) -> Address:
    """Read `ann@example.com` or `Ann <ann@example.com>`; a domain outside ASCII becomes its IDNA form.

    Raises:
        ValueError: It is not one address that today's mail servers take.
    """
    from email.errors import MessageError
    from email.utils import parseaddr

    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    try:
        if text.isprintable() and local and domain:
            return _made(name, local, domain.encode("idna").decode())
    except (ValueError, IndexError, MessageError):
        pass  # told below in words that fit every case
    raise ValueError(f"{text!r} is not an address such as ann@example.com or Ann <ann@example.com>")


def _made(name: str, local: str, domain: str) -> Address:
    from email.headerregistry import Address

    if local.isascii():
        return Address(display_name=name, addr_spec=f"{local}@{domain}")
    if '"' in local:
        raise ValueError("quotes and letters outside ASCII together")
    # The library checks the form of ASCII addresses only; letters of any script may stand where ASCII letters may.
    Address(addr_spec=f"{re.sub(_OUTSIDE_ASCII, 'x', local)}@{domain}")
    return Address(display_name=name, username=unicodedata.normalize("NFC", local), domain=domain)


def split_addresses(value: object) -> object:
    """Take comma-separated addresses as well as a list; what is neither stays as it is, for validation to refuse."""
    items = value if isinstance(value, list | tuple) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        return value
    return tuple(piece.strip() for text in texts for piece in re.findall(_PIECE, text) if piece.strip())
