"""Requests to a web server, until an answer means yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from alert_core import DeliveryError
from alert_web._answers import clean, refusal, status_line, trouble
from alert_web._composer import Outgoing
from alert_web._connections import Adapter, Reveal, origin_of
from alert_web._credentials import for_server
from alert_web._deadline import Deadline
from alert_web.settings import WebSettings

__all__ = ["Client"]

ANSWER_LIMIT = 64 * 1024
ANSWER_SECONDS = 1.0
REDIRECT_LIMIT = 5

_ABOUT_US = ("User-Agent", "Accept-Encoding")


class Client:
    """Sends requests to one server, over one connection for as long as that lasts.

    It uses the library below its sessions, so nothing from the surroundings changes what is sent: no password from a file, no
    cookies, and no redirect or proxy unless the settings ask for one.

    Args:
        settings: The action's settings.
        reveal: Looks a secret up.
    """

    def __init__(self, settings: WebSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._deadline = Deadline()
        self._adapter = Adapter(settings, reveal, self._deadline)
        self._credentials = for_server(settings, reveal)
        self._home = origin_of(settings.address)
        self._place = f"web server {self._home}"

    def send(self, outgoing: Outgoing) -> str:
        """Send one request; returns the status line of an answer that means yes.

        Raises:
            DeliveryError: The server cannot be reached, or its answer does not mean yes.
        """
        timeout = self._settings.wait_seconds
        self._deadline.begin(timeout)
        request = requests.PreparedRequest()
        request.method, request.url, request.body = self._settings.method, outgoing.url, outgoing.body
        request.headers = CaseInsensitiveDict(outgoing.headers)
        if outgoing.body is not None:
            request.headers["Content-Length"] = str(len(outgoing.body))
        try:
            return self._send(request)
        except (requests.RequestException, HTTPError, OSError) as error:
            # What is wrong may be mended by a new connection, or by a file that is read again.
            self.close()
            root = _root(error)
            # Not chained to the library's own error: that repeats the whole URL, which may hold a key.
            raise DeliveryError(f"{self._place} {trouble(root, timeout)}") from (None if root is error else root)

    def close(self) -> None:
        """Give the connection up."""
        self._adapter.close()

    def _send(self, request: requests.PreparedRequest) -> str:
        at_home = True
        for _ in range(REDIRECT_LIMIT + 1):
            with self._exchange(request, at_home=at_home) as response:
                self._finish(response)
                if 200 <= response.status_code < 300:
                    return status_line(response)
                if not (self._settings.follow_redirects and response.is_redirect):
                    raise refusal(self._place, response)
                request = self._redirected(request, response)
                # Whoever sends a request back home does not get it credentials.
                at_home = at_home and origin_of(str(request.url)) == self._home
        raise DeliveryError(f"{self._place} points from place to place; {REDIRECT_LIMIT} times are enough", retryable=False)

    def _exchange(self, request: requests.PreparedRequest, *, at_home: bool) -> requests.Response:
        """Send a request; what asks for credentials, be it the server or a proxy, is asked again with them."""
        met = set[int]()
        while True:
            if at_home and (proof := self._credentials.header(str(request.method), request.path_url)):
                request.headers["Authorization"] = proof
            left = self._deadline.left()
            response = self._adapter.send(request, stream=True, timeout=left)
            if response.status_code in met or not self._challenged(response, at_home=at_home):
                return response
            met.add(response.status_code)
            self._finish(response)
            response.close()

    def _challenged(self, response: requests.Response, *, at_home: bool) -> bool:
        """Whether the same request, sent again, would bring credentials that it lacked."""
        headers = response.raw.headers
        if response.status_code == 401:
            return at_home and self._credentials.challenged(headers.getlist("WWW-Authenticate"))
        proxy = self._adapter.forwarding(str(response.url)) if response.status_code == 407 else None
        return proxy is not None and proxy.credentials.challenged(headers.getlist("Proxy-Authenticate"))

    def _redirected(self, request: requests.PreparedRequest, response: requests.Response) -> requests.PreparedRequest:
        """The request for where a server points to; its method and body stay, so that what arrives is the notification."""
        after = requests.PreparedRequest()
        after.url = self._target(request, response)
        after.method, after.body, after.headers = request.method, request.body, request.headers.copy()
        if response.status_code == 303:  # the notification was taken, the rest is to be had elsewhere
            after.method, after.body, after.headers = "GET", None, _only(request.headers, *_ABOUT_US)
        elif origin_of(after.url) != origin_of(str(request.url)):
            after.headers = _only(request.headers, *_ABOUT_US, "Content-Type", "Content-Length")
        for name in ("Authorization", "Proxy-Authorization"):
            after.headers.pop(name, None)
        return after

    def _target(self, request: requests.PreparedRequest, response: requests.Response) -> str:
        """Where a server points to.

        Raises:
            DeliveryError: Nobody should go there.
        """
        here, words, target = str(request.url), response.headers["Location"], requests.PreparedRequest()
        try:
            target.prepare_url(urljoin(here, words.encode("latin-1").decode("utf-8", "replace")), None)
            schemes = (origin_of(here).scheme, origin_of(str(target.url)).scheme)
            safe = schemes != ("https", "http") and "@" not in urlsplit(target.url).netloc
        except ValueError:
            safe = False
        if not safe:
            answer = f"{self._place} answers {status_line(response)} and points to {clean(words)!r}"
            raise DeliveryError(f"{answer}, where no request can go safely", retryable=False)
        return str(target.url)

    def _finish(self, response: requests.Response) -> None:
        """Read the rest of a short answer, so that the connection can be used again; a long one costs the connection."""
        left = ANSWER_LIMIT
        # The status is the answer: whatever happens to the rest changes nothing.
        with suppress(HTTPError, OSError), self._deadline.shortened(ANSWER_SECONDS):
            while left > 0 and (piece := response.raw.read1(left)):
                left -= len(piece)


def _only(headers: Mapping[str, str], *names: str) -> CaseInsensitiveDict[str]:
    return CaseInsensitiveDict({name: headers[name] for name in names if name in headers})


def _root(error: BaseException) -> BaseException:
    """What was at the bottom of it: the operating system's error, under the layers of the library."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error
