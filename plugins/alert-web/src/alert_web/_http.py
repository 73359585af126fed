"""A kept connection to one web server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3.exceptions import HTTPError

from alert_core import DeliveryError
from alert_web.settings import WebSettings

__all__ = ["Client", "credentials"]

ANSWER_LIMIT = 64 * 1024
_RETRYABLE = {408, 425, 429}


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # The library sends text as Latin-1; this way the bytes on the wire are UTF-8.
        request.headers["Authorization"] = f"Bearer {self._token}".encode().decode("latin-1")
        return request


def credentials(kind: str, *, user: str, secret: str) -> AuthBase:
    """What adds the credentials to one request; `kind` is basic, digest or bearer."""
    if kind == "basic":
        return HTTPBasicAuth(user.encode(), secret.encode())
    return HTTPDigestAuth(user, secret) if kind == "digest" else _Bearer(secret)


class Client:
    """Sends requests to one server, over one connection for as long as that lasts.

    Nothing from the surroundings changes what is sent: no proxy and no password from the environment, no cookies, no redirects.
    """

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = str(settings.ca_file) if settings.ca_file else True
        self._session.headers.update({"User-Agent": "alert-web", "Accept-Encoding": "identity"})
        parts = urlsplit(settings.address)
        self._prefix = f"{parts.scheme}://{parts.netloc}/"
        self._session.mount(self._prefix, HTTPAdapter(pool_connections=1, pool_maxsize=1))
        self.place = f"web server {parts.netloc}"

    def send(self, url: str, *, body: bytes | None, headers: Mapping[str, bytes], auth: AuthBase | None) -> str:
        """Send one request; returns the status line of an answer that means yes.

        Raises:
            DeliveryError: The server cannot be reached, or its answer does not mean yes.
        """
        request = requests.Request(self._settings.method, url, data=body, headers=dict(headers), auth=auth)
        wait = self._settings.wait_seconds
        try:
            prepared = self._session.prepare_request(request)
            with self._session.send(prepared, timeout=wait, allow_redirects=False, stream=True) as response:
                self._finish(response)
                return self._verdict(response)
        except requests.RequestException as error:
            root = _root(error)
            # Not chained to the library's own error: that repeats the whole URL, which may hold a key.
            raise DeliveryError(f"{self.place} {self._reason(error, root)}") from (None if root is error else root)
        except UnicodeError:
            # Not chained: the error holds the user name or password.
            raise DeliveryError(f"{self.place}: user and password must be ASCII for digest", retryable=False) from None
        except OSError as error:
            raise DeliveryError(f"{self.place} cannot be used: {error.strerror or error}") from error

    def close(self) -> None:
        """Give the connection up."""
        self._session.close()

    def _finish(self, response: requests.Response) -> None:
        """Read the rest of a short answer, so that the connection can be used again; a long one costs the connection."""
        deadline = time.monotonic() + self._settings.wait_seconds
        left = ANSWER_LIMIT
        # The status is the answer: whatever happens to the rest changes nothing.
        with suppress(HTTPError, OSError):
            while left > 0 and time.monotonic() < deadline:
                piece = response.raw.read1(left)
                if not piece:
                    return
                left -= len(piece)

    def _verdict(self, response: requests.Response) -> str:
        status = f"{response.status_code} {_clean(response.reason)}".strip()
        if 200 <= response.status_code < 300:
            return status
        if 300 <= response.status_code < 400:
            target = _clean(response.headers.get("Location"))
            advice = f"points to {target!r}, which is not followed; set the url to where it leads"
            raise DeliveryError(f"{self.place} answers {status} and {advice}", retryable=False)
        retryable = response.status_code in _RETRYABLE or response.status_code >= 500
        wait = _retry_after(response.headers.get("Retry-After", "")) if retryable else None
        raise DeliveryError(f"{self.place} answers {status}", retryable=retryable, retry_after=wait)

    def _reason(self, error: requests.RequestException, root: BaseException) -> str:
        if isinstance(error, requests.Timeout):
            return f"did not answer within {self._settings.wait_seconds:g} seconds"
        if isinstance(error, requests.exceptions.SSLError):
            return f"cannot be trusted: {getattr(root, 'verify_message', '') or getattr(root, 'reason', '') or 'TLS failed'}"
        return f"cannot be used: {getattr(root, 'strerror', None) or type(root).__name__}"


def _root(error: BaseException) -> BaseException:
    """What was at the bottom of it: the operating system's error, under the layers of the library."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _retry_after(text: str) -> float | None:
    """Seconds to wait, from seconds or from a date."""
    if text.strip().isdecimal() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _clean(text: str | None) -> str:
    """A server's words in one line, without control characters, not longer than a person reads."""
    return "".join(c if c.isprintable() else " " for c in (text or "")[:300]).strip()
