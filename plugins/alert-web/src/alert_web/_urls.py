"""URLs with placeholders, in which no event can choose where the request goes."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from alert_core.model import Notification
from alert_core.templates import Template, TemplateFault, check_template
from alert_web.tables import host_name

__all__ = ["UrlTemplate", "absolute_path", "complete_url"]

_CODE = r"\{\{.*?\}\}|\{%.*?%\}"
_SOUND = r"[!-~]+"


def complete_url(url: str) -> str:
    """Return a URL that leads somewhere by itself.

    Raises:
        ValueError: It does not, or its template is none.
    """
    if not url:
        return url
    if not url.isascii() or not url.isprintable() or " " in re.sub(_CODE, "", url):
        raise ValueError("must be ASCII without blanks; percent-encode other characters")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be complete, such as https://example.com/alerts; with a server, set path")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; set auth, user and password")
    if "{" in parts.netloc:
        raise ValueError("must not have placeholders in the server's name")
    host_name(parts.hostname)
    _ = parts.port  # raises ValueError for a port that is none
    return check_template(url)


def absolute_path(path: str) -> str:
    """Return a path that begins at the server's root.

    Raises:
        ValueError: It does not, or its template is none.
    """
    if not path.startswith("/"):
        raise ValueError("must begin with /")
    complete_url(f"http://server{path}")
    return path


class UrlTemplate:
    """A URL whose values are percent-encoded, so that each stays one piece of it.

    Args:
        url: A complete URL, as `complete_url` returns it.
    """

    def __init__(self, url: str) -> None:
        self._template = Template(url, escape=_encoded)
        self._fixed = "{" not in url

    def fill(self, notification: Notification) -> str:
        """The URL for one notification.

        Raises:
            TemplateFault: The template does not work with this notification, or leaves no URL.
        """
        if self._fixed:
            return self._template.text
        url = self._template.fill(notification)
        if not re.fullmatch(_SOUND, url):
            raise TemplateFault("what the template gives is no URL any more")
        path, mark, query = url.partition("?")
        return "/".join(map(_no_step, path.split("/"))) + mark + query


def _encoded(value: str) -> str:
    return quote(value, safe="", errors="replace")


def _no_step(piece: str) -> str:
    # One or two dots alone, encoded or not, are taken for a step in the path; encoded twice they are not.
    return piece.replace(".", "%252E") if piece in (".", "..") else piece
