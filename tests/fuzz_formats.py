"""Fuzz a format under the guidance of its code; needs Atheris.

    python tests/fuzz_formats.py sepm /tmp/sepm --seconds 60
    python tests/fuzz_formats.py sepm --again /tmp/sepm/crash-0123456789abcdef

Records start from those of the format's conformance class, and changes to them that reach new code are changed further.
Whatever becomes of them, nothing may raise, nothing may be dropped, a record harms no other, both ways of decoding say the
same, and what alert writes of the event is read back as it was. The records that led on are kept in the folder, for the next
time, and so is one that broke a rule.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from alert_core.model import Event

LONGEST = 4096
SECONDS_FOR_A_RECORD = 5
MEGABYTES = 2048
SENDERS = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
WANTED = (("computer", "user", "severity", "message"), ("computer", "received_from"), ("computer", "an attribute"))


def target(kit: Any) -> Callable[[bytes], None]:
    """What is called with every record, and raises `AssertionError` when the format of a conformance class is at fault."""
    from alert_core.builtin.syslog import SyslogFormat, SyslogSettings
    from alert_core.components import Batch, Context, Cursor, Format
    from alert_core.model import Event
    from alert_core.plugins import Plugins
    from alert_core.projection import Projection
    from alert_core.runtime.intake import Intake
    from alert_core.wire.own import event_as_cef, event_as_leef, event_as_syslog

    formats = Plugins.load().formats
    context = Context(name="fuzz", formats=formats)
    slow_class = type("Slow", (kit.format,), {"decoder": Format.decoder})

    def made(cls: type[Format[Any]], settings: Mapping[str, Any]) -> Format[Any]:
        return cls(cls.settings_model.model_validate(dict(settings)), context)

    def intake(cls: type[Format[Any]], fields: Sequence[str]) -> Intake:
        return Intake("fuzz", made(cls, kit.settings), Projection(fields))

    decode, good = made(kit.format, kit.settings).decode, kit.records[0]
    expected = decode([good])
    pairs = [(intake(kit.format, fields), intake(slow_class, fields)) for fields in WANTED]
    written: list[tuple[Callable[[Event], str], Format[Any]]] = [
        (event_as_cef, made(formats["cef"], {})),
        (event_as_leef, made(formats["leef"], {})),
        (event_as_syslog, SyslogFormat(SyslogSettings(), context)),
    ]

    def told(reader: Intake, batch: Batch) -> list[tuple[list[str], Event]]:
        items, event_at = reader.take(batch)
        return [
            ([_seen(getattr(one, name)) for name in sorted(one.__struct_fields__)], event_at(at))
            for at, one in enumerate(items)
        ]

    def check(record: bytes) -> None:
        before, event, after = decode([good, record, good])
        assert [before] == expected == [after], "it harms its neighbours"
        assert event.time.tzinfo, "a time without a zone"
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event).type == event.type
        for write, format_ in written:
            (back,) = format_.decode([write(event).encode()])
            assert _bare(back) == _bare(event), f"{write.__name__} is read back as something else"
        start, end = Cursor("fuzz", 0), Cursor("fuzz", 99)
        fast, slow = pairs[len(record) % len(pairs)]
        for batch in (
            Batch(record.replace(b"\n", b" ") + b"\n", start, end),
            Batch((good, record, good), start, end, senders=SENDERS),
        ):
            fast.last = slow.last = expected[0].time
            assert told(fast, batch) == told(slow, batch), "the fast way says something else"

    return check


def _bare(event: Event) -> Event:
    """What can be read back: the record is another one, and so is the source."""
    return msgspec.structs.replace(event, raw="", source="")


def _seen(value: Any) -> str:
    """A value as a condition sees it: nothing is the empty text, and no comparison can tell a negative zero."""
    return "''" if value is None else repr(value).replace("-0.0", "0.0")


def kit_of(name: str) -> Any:
    """The conformance class of an installed format.

    Raises:
        SystemExit: There is none.
    """
    kits = {kit.component().name: kit for kit in _kits()}
    if name not in kits:
        raise SystemExit(f"no conformance class for a format {name!r}; there is one for {', '.join(sorted(kits))}")
    return kits[name]


def _kits() -> Iterator[Any]:
    for point in entry_points(group="alert_core.conformance"):
        kit = point.load()
        if kit.kind == "format":
            yield kit


def _dictionary(records: Sequence[bytes]) -> str:
    """The words of the records, as libFuzzer wants to have them."""
    words = {word for record in records for word in re.findall(rb"\w{2,32}\W?|\W", record)}
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in sorted(words))


def fuzz(name: str, seconds: int, folder: Path, *, seed: int) -> None:
    """Fuzz for so long, and end the process; its exit code is not 0 if a fault was found."""
    import atheris

    packages = sorted({point.module.partition(".")[0] for point in entry_points(group="alert_core")} | {"alert_core"})
    with atheris.instrument_imports(include=packages, enable_loader_override=False):
        kit = kit_of(name)
        check = target(kit)
    seeds, words = folder / "records", folder / "words"
    seeds.mkdir(parents=True, exist_ok=True)
    for number, record in enumerate(kit.records):
        (seeds / str(number)).write_bytes(record)
    words.write_text(_dictionary(kit.records), encoding="ascii")
    options = [f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS_FOR_A_RECORD}"]
    options += [f"-rss_limit_mb={MEGABYTES}", f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], str(seeds), *options], check)
    atheris.Fuzz()


def main() -> None:
    """Fuzz the format that the arguments name."""
    parser = argparse.ArgumentParser(description="Fuzz a format.")
    parser.add_argument("format", help="its type")
    parser.add_argument("folder", type=Path, nargs="?", help="where records are kept")
    parser.add_argument("--seconds", type=int, default=60, help="for how long (60)")
    parser.add_argument("--seed", type=int, default=0, help="where to begin (0: somewhere else each time)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="instead, try the one record in this file")
    options = parser.parse_args()
    if options.again:
        target(kit_of(options.format))(options.again.read_bytes())
    elif options.folder:
        fuzz(options.format, options.seconds, options.folder, seed=options.seed)
    else:
        parser.error("a folder is missing")


if __name__ == "__main__":
    main()
