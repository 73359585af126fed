"""`alert new-plugin`: everything a plugin needs to be built, installed and proven, with a working example inside."""

from __future__ import annotations

from pathlib import Path

import click

from alert_core.cli._common import Command, CommandError, console, printable
from alert_core.cli._skeleton import KINDS, LICENSES, NewPlugin, files_of

__all__ = ["new_plugin"]


@click.command("new-plugin", cls=Command)
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the plugin brings.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write; must not hold anything yet. Default: alert-NAME.",
)
@click.option("--license", type=click.Choice(LICENSES), default=LICENSES[0], show_default=True, help="The licence.")
@click.option("--author", default="The authors", show_default=True, help="Whom the licence names.")
def new_plugin(name: str, kind: str, folder: Path | None, license: str, author: str) -> None:
    """Write the distribution alert-NAME, which builds, installs and passes its conformance tests as it is.

    It brings the type NAME, with a small working example in the place of what yours will do.
    """
    plugin = NewPlugin(name=name, kind=kind, license=license, author=author)
    place = folder or Path(plugin.distribution)
    files = files_of(plugin)
    _write(place, files)
    _draw(plugin, place, sorted(files))


def _write(place: Path, files: dict[str, str]) -> None:
    """Write all files, or none when something is there already."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise CommandError(f"{place} is there already; nothing was written")
    try:
        for path, content in files.items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            # `x`: never over a file that somebody wrote in the meantime.
            with file.open("x", encoding="utf-8", newline="\n") as out:
                out.write(content)
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or place}: {error.strerror}") from error


def _draw(plugin: NewPlugin, place: Path, files: list[str]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text.assemble("Wrote ", (plugin.distribution, "bold"), f", which brings the {plugin.kind} {plugin.name}:"))
    for file in files:
        out.print(f"  {printable(str(place / file))}", soft_wrap=True)
    out.print()
    out.print("See that it works:")
    for line in (f"cd {place}", "pip install -e '.[testing]'", "pytest", f"alert plugins --check {plugin.name} --level gold"):
        out.print(Text(f"  {printable(line)}", style="cyan"), soft_wrap=True)
    out.print()
    out.print(f"Then put your own work into src/{plugin.module}/plugin.py, and its options into settings.py.", soft_wrap=True)
