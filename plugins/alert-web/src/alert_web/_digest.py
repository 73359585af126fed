"""Digest authentication of RFC 7616, for servers and for proxies.

The one of the library answers servers only, takes the parts of several challenges for one, and cannot say a name outside ASCII.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

__all__ = ["Digest"]

_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}  # the best one last
_PART = re.compile(r'([!#$%&\'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?')


class Digest:
    """Proves a password without showing it.

    Header texts are in the form of `wire_text`: each character stands for one byte.

    Args:
        user: The account.
        password: Looks the password up when it is needed.
    """

    def __init__(self, user: str, password: Callable[[], str]) -> None:
        self._user, self._password = user, password
        self._challenge: Mapping[str, str] = {}
        self._client_nonce = ""
        self._count = 0

    def header(self, method: str, target: str) -> str:
        """The proof for a request; empty as long as nothing has been asked."""
        if not self._challenge:
            return ""
        self._count += 1
        answer = self._answer(method, target, f"{self._count:08x}")
        return "Digest " + ", ".join(f"{name}={value}" for name, value in answer.items())

    def challenged(self, headers: Iterable[str]) -> bool:
        """Take the best challenge among the headers of an answer; whether there is one that can be met."""
        known = [each for each in _challenges(headers) if _rank(each) >= 0 and _offers_auth(each)]
        self._challenge = max(known, key=_rank, default={})
        self._client_nonce, self._count = secrets.token_hex(8), 0
        return bool(known)

    def _answer(self, method: str, target: str, count: str) -> dict[str, str]:
        asked, user = self._challenge, self._user.encode().decode("latin-1")
        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        response = self._response(f"{user}:{realm}:", f"{method}:{target}", nonce=nonce, count=count)
        answer = _named(self._user, user, utf8=asked.get("charset", "").upper() == "UTF-8")
        answer |= {"realm": _quoted(realm), "nonce": _quoted(nonce), "uri": _quoted(target), "response": _quoted(response)}
        answer |= {name: asked[name] for name in ("algorithm",) if name in asked}
        answer |= {name: _quoted(asked[name]) for name in ("opaque",) if name in asked}
        if "qop" in asked:
            answer |= {"qop": "auth", "nc": count, "cnonce": _quoted(self._client_nonce)}
        return answer

    def _response(self, who: str, what: str, *, nonce: str, count: str) -> str:
        name, session = _algorithm(self._challenge)
        first = _hash(name, who + self._password().encode().decode("latin-1"))
        if session:
            first = _hash(name, f"{first}:{nonce}:{self._client_nonce}")
        middle = f"{nonce}:{count}:{self._client_nonce}:auth" if "qop" in self._challenge else nonce
        return _hash(name, f"{first}:{middle}:{_hash(name, what)}")


def _challenges(headers: Iterable[str]) -> Iterator[dict[str, str]]:
    """The parts of every Digest challenge; there may be several in one header, and several headers."""
    for header in headers:
        scheme, parts = "", dict[str, str]()
        for found in _PART.finditer(header):
            name, quoted, plain = found.groups()
            if quoted is None and plain is None:
                if scheme == "digest":
                    yield parts
                scheme, parts = name.lower(), {}
            else:
                parts[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if scheme == "digest":
            yield parts


def _algorithm(challenge: Mapping[str, str]) -> tuple[str, bool]:
    name = challenge.get("algorithm", "MD5").upper()
    return name.removesuffix("-SESS"), name.endswith("-SESS")


def _rank(challenge: Mapping[str, str]) -> int:
    names = [name for name, own in _ALGORITHMS.items() if own in hashlib.algorithms_available]
    name = _algorithm(challenge)[0]
    return names.index(name) if name in names else -1


def _offers_auth(challenge: Mapping[str, str]) -> bool:
    return "qop" not in challenge or "auth" in re.split(r"[\s,]+", challenge["qop"])


def _named(name: str, wire: str, *, utf8: bool) -> dict[str, str]:
    if utf8 and not name.isascii():
        return {"username*": f"UTF-8''{quote(name, safe='')}"}
    return {"username": _quoted(wire)}


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _hash(algorithm: str, text: str) -> str:
    return hashlib.new(_ALGORITHMS[algorithm], text.encode("latin-1"), usedforsecurity=False).hexdigest()
