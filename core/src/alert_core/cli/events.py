"""`alert events`: how records are understood."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from alert_core.cli._common import (
    FAILED,
    Command,
    config_option,
    configured,
    console,
    json_option,
    print_json,
    print_line,
    printable,
)
from alert_core.cli._log_filters import moment

if TYPE_CHECKING:
    from alert_core.config import Config
    from alert_core.model import Event
    from alert_core.runtime.looking import Seen

__all__ = ["events"]

_PAGE = 50
_FEW = 5
_WHERE = re.compile(r"(?P<field>[^=<>!]+?)\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>.*)", re.DOTALL)


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    help='How the records read: a format, or a table such as \'{ type = "csv", delimiter = ";" }\'. Default: auto.',
)
@click.option("--like", metavar="SOURCE", help="How the records of this configured source read; its own, without FILES.")
@click.option("--where", "wheres", metavar="FIELD=VALUE", multiple=True, help="Only these, as in a condition: severity>=major.")
@click.option(
    "--since", metavar="TIME", callback=moment, help="Leave out events before this: 2h, 7d, or a time such as 2024-03-01T12:00."
)
@click.option("--limit", "--head", type=click.IntRange(1), help=f"At most so many; in a table {_PAGE} unless set.")
@click.option("--summary", is_flag=True, help="Count them by type.")
@click.option("--unparsed", "only_unparsed", is_flag=True, help="Only records that could not be read: where, and why.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is such a record.")
@config_option
@json_option
def events(files: tuple[str, ...], **options: Any) -> None:
    """Show how records are understood.

    Reads FILES (`-` is standard input), recognises what they are, and prints a table. Nothing is stored and nobody is told;
    no configuration is needed. With --json, every line is one whole event.
    """
    tests = _tests(options["wheres"])
    config = _config(files, options)
    if options["since"]:
        config = replace(config, sources={name: replace(it, since=options["since"]) for name, it in config.sources.items()})
    look = _Look(config, tests, options)
    look.show()
    look.conclude()
    if options["strict"] and look.unparsed:
        sys.exit(FAILED)


def _tests(wheres: Iterable[str]) -> list[Callable[[Event], bool]]:
    """The filters, as conditions write them; several values for one field mean any of them."""
    from alert_core.filters import compile_filter

    values: dict[str, list[str]] = {}
    for where in wheres:
        match = _WHERE.fullmatch(where.strip())
        if match is None:
            raise click.BadParameter(f"{where!r} is not like severity>=major or computer=PC-*", param_hint="--where")
        sign = {"=": "", "!=": "!"}.get(match["sign"], match["sign"])
        values.setdefault(match["field"], []).append(sign + match["value"])
    try:
        filters = [compile_filter(field, texts[0] if len(texts) == 1 else texts) for field, texts in values.items()]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--where") from error
    return [lambda event, it=it: it.test(event.get(it.field)) for it in filters]  # type: ignore[misc]


def _config(files: Sequence[str], options: dict[str, Any]) -> Config:
    """A configuration whose only sources are the files."""
    from alert_core.runtime.inputs import with_files

    if options["like"] is not None:
        return _like(files, options)
    from alert_core.config import load_typed
    from alert_core.plugins import Plugins

    if not files and sys.stdin.isatty():
        raise click.UsageError("name a file, or `-` for standard input")
    plugins = Plugins.load()
    source = {"type": "file", "path": "any", "format": _format(options["format_"] or "auto")}
    config = load_typed({"sources": {"file": source}}, plugins, shown="--format")
    return with_files(config, files or ("-",), like=None, sources=plugins.sources)


def _like(files: Sequence[str], options: dict[str, Any]) -> Config:
    from alert_core.errors import ConfigError
    from alert_core.runtime.inputs import recorded, with_files

    if options["format_"]:
        raise click.UsageError("--format and --like both say how records read; use one of them")
    config, plugins = configured(options["config_path"])
    like: str = options["like"]
    if files or like not in config.sources:
        return with_files(config, files, like=like, sources=plugins.sources)
    source = config.sources[like]
    if "follow" not in type(source.settings).model_fields:
        raise ConfigError(f"source {like!r} does not end", hint="name FILES that are like it")
    return recorded(replace(config, sources={like: source}))


def _format(text: str) -> object:
    """A name, or a table in TOML."""
    if not text.lstrip().startswith("{"):
        return text
    import tomllib

    try:
        return tomllib.loads(f"format = {text}")["format"]
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"not a table in TOML: {error}", param_hint="--format") from error


class _Look:
    """Goes through the events once, shows those that are wanted and counts all."""

    def __init__(self, config: Config, tests: Sequence[Callable[[Event], bool]], options: dict[str, Any]) -> None:
        self._config, self._tests = config, tests
        self._summary: bool = options["summary"]
        self._as_json: bool = options["as_json"]
        self._only_unparsed: bool = options["only_unparsed"]
        self._limit: int | None = options["limit"]
        if self._limit is None and not self._summary and not self._as_json:
            self._limit = _PAGE
        self._more = False
        self.formats: Counter[str] = Counter()

    @property
    def unparsed(self) -> int:
        """How many records could not be read."""
        return self.formats[""]

    def show(self) -> None:
        """Print what is wanted."""
        from alert_core.cli._progress import progress

        # Rows on the same terminal show the progress themselves.
        with progress(self._config, "events", hidden=not self._summary and sys.stdout.isatty()) as advance:
            found = self._wanted(advance)
            if self._summary:
                _Counts(found).show(as_json=self._as_json)
            elif self._as_json:
                from alert_core.cli._event_text import json_line

                for seen in found:
                    print_line(json_line(seen, place=self._only_unparsed).decode())
            else:
                self._draw(found)

    def _wanted(self, advance: Callable[[int], None] | None) -> Iterator[Seen]:
        from alert_core.runtime.looking import look

        shown = 0
        for seen in look(self._config, progress=advance):
            if all(test(seen.event) for test in self._tests) and (seen.unparsed or not self._only_unparsed):
                if shown == self._limit:
                    self._more = True
                    return
                shown += 1
                self.formats["" if seen.unparsed else seen.format] += 1
                yield seen
            else:
                self.formats["" if seen.unparsed else seen.format] += 1

    def _draw(self, found: Iterator[Seen]) -> None:
        from alert_core.cli._event_text import Rows

        first = []
        for seen in islice(found, _PAGE):
            first.append(seen)
            if not seen.more:
                break
        if not first:
            click.echo("no event fits" if self.formats else "there are no records")
            return
        live = len(first) < _FEW and any(source.type == "stdin" for source in self._config.sources.values())
        rows = Rows(first, places=self._only_unparsed, live=live)
        for seen in found:
            rows.draw(seen)

    def conclude(self) -> None:
        """Say how the records were read, where it is not in the way of what reads the output."""
        if not self.formats:
            return
        parts = [f"{count:,} {printable(name)}" for name, count in self.formats.most_common() if name]
        if self.unparsed:
            parts.append(f"{self.unparsed:,} unparsed" + ("" if self._only_unparsed else " (--unparsed says why)"))
        first = "the first " if self._more else ""
        total = self.formats.total()
        click.echo(f"{first}{total:,} record{'s' if total > 1 else ''}: {', '.join(parts)}", err=True)
        if self._more:
            click.echo("there are more; see --limit, --summary and --where", err=True)


class _Counts:
    """Events counted by type."""

    def __init__(self, found: Iterable[Seen]) -> None:
        self._types: dict[str, dict[str, Any]] = {}
        for seen in found:
            event = seen.event
            count = self._types.setdefault(event.type, {"events": 0, "occurrences": 0, "first": event.time, "last": event.time})
            count["events"] += 1
            count["occurrences"] += event.count
            count["first"], count["last"] = min(count["first"], event.time), max(count["last"], event.time)

    def show(self, *, as_json: bool) -> None:
        rows = sorted(self._types.items(), key=lambda row: (-row[1]["events"], row[0]))
        if as_json:
            print_json([{"type": name, **count} for name, count in rows])
            return
        from rich.table import Table

        from alert_core.cli._event_text import stamp

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("Type", "Events", "Occurrences", "First", "Last"):
            table.add_column(
                heading, justify="right" if heading in ("Events", "Occurrences") else "left", no_wrap=heading != "Type"
            )
        for name, count in rows:
            numbers = (f"{count[name]:,}" for name in ("events", "occurrences"))
            table.add_row(printable(name), *numbers, stamp(count["first"]), stamp(count["last"]))
        console().print(table)
