"""The words that hostile text is made of: what has broken parsers, terminals, logs, mails and shells before."""

from __future__ import annotations

from random import Random

__all__ = ["hostile_text", "hostile_value"]

# Code points by what goes wrong with them. The lone halves of surrogate pairs are missing: no decoded text has them.
_RANGES: tuple[tuple[int, int], ...] = (
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E),  # most text is plain
    (0x00, 0x1F), (0x7F, 0x9F),  # control characters
    (0xA0, 0x2FF),  # Latin, no-break space, soft hyphen
    (0x300, 0x36F),  # combining marks
    (0x370, 0x52F), (0x590, 0x6FF),  # Greek, Cyrillic, Hebrew, Arabic
    (0x2000, 0x206F),  # spaces, joiners, direction marks, line and paragraph separators
    (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),  # double-byte scripts
    (0xE000, 0xF8FF), (0xFB1D, 0xFEFF), (0xFF01, 0xFFFF),  # private use, presentation forms, byte order mark, full width
    (0x10000, 0x1FFFF), (0x20000, 0x2FFFF), (0xE0000, 0xE01EF), (0xF0000, 0x10FFFF),  # other planes
)  # fmt: skip

_SAMPLES: tuple[str, ...] = (
    # lines that end, headers and parts of mails
    "\r\n", "\n", "\r", "\x00", "\r\n.\r\n", "\n.\n", "\n..\n.", ".", "\r\n\r\n", "\nBcc: eve@evil.example\n",
    "\r\nX-Injected: yes\r\n", "From eve@evil.example Thu Jan  1 00:00:00 1970\n", "\nFrom ",
    "\r\nRCPT TO:<eve@evil.example>\r\n", "\r\nMAIL FROM:<>\r\nDATA\r\n", "Content-Type: text/html\r\n\r\n<b>",
    "\n--boundary--\n", "=?utf-8?q?=41?=", "=?utf-8?b?QUJD?=", "=0D=0A", "=\n", "begin 644 x", "eve@evil.example, bob",
    "<eve@evil.example>", '"eve" <eve@evil.example>', "Re: ", "\nContent-Length: 0\n\nGET / HTTP/1.1\nHost: x\n\n",
    # markup, scripts, formulas
    "<script>alert(1)</script>", "</body></html>", "<!--", "-->", "]]>", "<![CDATA[", "&amp;", "&#x0a;", "&lt;b&gt;",
    '"><img src=x onerror=y>', "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "=1+1",
    "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "[link](http://evil.example)", "**bold**", "`x`",
    "http://evil.example/?a=b&c=d#e",
    # shells, programs, files
    "$(id)", "`id`", "; rm -rf /", "| cat /etc/passwd", "&& id", "|| id", "> out", "$IFS", "${HOME}", "$HOME", "*", "?",
    "[a-z]", "~", "!", "!!", "'; id; '", '"; id; "', "--help", "-rf", "-", "--", "@/etc/passwd", "../../etc/passwd",
    "/etc/passwd\x00.txt", "C:\\Windows\\System32", "\\\\host\\share", "%PATH%", "%COMSPEC%", "^&", "CON",
    "file:///etc/passwd", "() { :; }; id", "LD_PRELOAD=/tmp/x.so", "A=B", "=", "=C:=C:\\",
    # templates and formats
    "{{ 7*7 }}", "{{ secret }}", "{% for a in b %}", "{# c #}", "{{", "}}", "{%", "%}", "#{7*7}", "${7*7}", "<%= 7*7 %>",
    "{0}", "{}", "%s", "%n", "%d", "%(name)s", "%", "%%", "%0A", "%0d%0a", "%00", "%25", "%zz", "+", "&a=b", ";a=b", "#",
    "?a", "$&", "\\1",
    # quotes and backslashes
    "'", '"', "''", '""', "\\", "\\\\", "\\n", "\\r\\n", "\\x00", "\\u0000", "\\", '\\"', "\\'", "\\]", "]", "[", "|", "\\|",
    "^", "\t", "\x0b", "\x0c",
    # what the receiver's protocol looks like
    "<34>1 2003-10-11T22:14:15.003Z host app - ID47 - text", "<0>", "<191>Oct 11 22:14:15 host su: text", "<>",
    '[id@32473 a="b"]', '"]', "-\n<13>1 ", "12 <13>1 - - - - - -", "CEF:0|Vendor|Product|1.0|100|name|10|src=10.0.0.1 msg=a",
    "CEF:", "msg=", " cs1Label=", "\\=", "act=blocked", "LEEF:2.0|Vendor|Product|1.0|100|^|src=10.0.0.1^msg=a", "LEEF:1.0|",
    "\tdevTime=", '{"a": "b"}', '"}', '{"a":', "]}", "null", "true", "\n{}\n", "0\x82\x01\x00\x02\x01\x01\x04\x06public",
    "\x30\x80\x00\x00", "\x04\x82\xff\xff", "1.3.6.1.4.1.57264", "public", "\ufeff", "\x1e{}",
    # terminals
    "\x1b[2J", "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x08\x08\x08", "\x07", "\x7f", "\x85", "\u2028", "\u2029",
    # directions, joiners, shapes
    "\u202egnp.exe", "\u202a", "\u202c", "\u2066\u2069", "\u200f", "\u200e", "\u200b", "\u200d", "\u2060", "\u00ad", "\u061c",
    "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "e\u0301", "\u00e9", "\u212b", "\u017f", "\u0130", "\u0131", "\u00df",
    "a" + "\u0300\u0301" * 20, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea",
    "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\ufdfa", "\u304c", "\u304b\u3099", "\u4f3a\u670d\u5668",
    "\uff21\uff22", "\u30b5\u30fc\u30d0\u30fc\u0031", "\uc11c\ubc84", "xn--80ak6aa92e", "b\u00fccher.example", "\U00020000",
    "\u0000", "\x80", "\xff",
    # numbers, names, blanks
    "0", "-0", "1e999", "NaN", "99999999999999999999", "0x10", "null\x00byte", "undefined", "__proto__", "constructor",
    "SYSTEM", "root", "localhost", "127.0.0.1", "::1", "fe80::1%eth0", "host.example.", "a" * 64, "A" * 300, " ", "  ",
    " \n ", "\u3000", "\u00a0", "trailing ", " leading",
)  # fmt: skip


def hostile_text(random: Random, longest: int = 200) -> str:
    """One text, empty now and then.

    Args:
        random: Where the choices come from.
        longest: How many characters it has at most.
    """
    parts: list[str] = []
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 5, 8))):
        parts.append(random.choice(_SAMPLES) if random.random() < 0.7 else _characters(random))
    return "".join(parts)[: random.choice((longest, longest, longest, longest // 10))]


def hostile_value(random: Random, depth: int = 0) -> object:
    """One value as it may stand in an event's attributes: a text, a number, nothing, or a list or table of such values."""
    kind = random.randrange(10 if depth < 3 else 8)
    if kind < 4:
        return hostile_text(random)
    if kind < 8:
        return random.choice((0, -1, 2**63 - 1, -(2**63), 0.1, -1e300, 5e-324, True, False, None, "", "0"))
    if kind == 8:
        return [hostile_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {hostile_text(random, 40): hostile_value(random, depth + 1) for _ in range(random.randrange(4))}


def _characters(random: Random) -> str:
    low, high = random.choice(_RANGES)
    return "".join(map(chr, (random.randint(low, high) for _ in range(random.randint(1, 12)))))
