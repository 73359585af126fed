"""Tables to read in a terminal and to paste into Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import groupby

from benchmarks.case import Case
from benchmarks.goals import goal_of
from benchmarks.rounds import Results

_COLUMNS = ("case", "events", "events/s", "least - most", "x decode-only", "x engine", "target", "reached", "remarks")
_TITLES = {
    "decode": "decode-only",
    "engine": "engine",
    "run": "alert run --once",
    "sec": "SEC",
    "elastalert": "ElastAlert 2",
}


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An aligned Markdown table; the first column is text, the others numbers as a rule."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([line(columns), f"|{rule}|", *map(line, rows)])


def of_results(results: Results) -> str:
    """One table for each number of conditions."""
    cases = [case for case, measures in results.measures.items() if measures or case in results.failures]
    parts = []
    for conditions, members in groupby(cases, key=lambda case: case.conditions):
        title = f"{conditions:,} condition{'' if conditions == 1 else 's'}"
        parts.append(f"{title}\n\n{table(_COLUMNS, [_row(results, case) for case in members])}\n")
    return "\n".join(parts)


def _row(results: Results, case: Case) -> list[str]:
    title = _TITLES[case.contestant] + ("" if case.kind == "realistic" else f", {case.kind}")
    if case in results.failures:
        return [title, f"{case.events:,}", *[""] * 6, f"not measured: {results.failures[case]}"]
    least, median, most = results.per_second(case)
    goal = goal_of(case)
    ratio = _to(results, case, *goal.reference) if goal else None
    return [
        title,
        f"{case.events:,}",
        f"{median:,.0f}",
        f"{least:,.0f} - {most:,.0f}",
        times(_to(results, case, "decode", case.conditions)),
        times(_to(results, case, "engine", case.conditions)),
        str(goal or ""),
        reached(None if goal is None or ratio is None else goal.reached(ratio)) + (f" ({ratio:.2f})" if ratio else ""),
        _remarks(results, case),
    ]


def _to(results: Results, case: Case, contestant: str, conditions: int) -> float | None:
    reference = results.find(contestant, conditions)
    return results.ratio(case, reference) if reference else None


def _remarks(results: Results, case: Case) -> str:
    firings, build, start = (results.fact(case, name) for name in ("firings", "build", "start-up"))
    remarks = [
        f"{firings:,.0f} firings" if firings is not None else "",
        f"built in {build:.2f} s" if build is not None else "",
        f"start-up {start:.2f} s not counted" if start is not None else "",
        _with_start(results, case) if case.contestant == "run" else "",
    ]
    return ", ".join(filter(None, remarks))


def _with_start(results: Results, case: Case) -> str:
    """The whole process as a multiple of the engine, for those who start it for one file."""
    engine = results.find("engine", case.conditions)
    if engine is None:
        return ""
    pairs = zip(results.measures[case], results.measures[engine], strict=False)
    ratio = statistics.median((own.seconds + own.facts["start-up"]) / other.seconds for own, other in pairs)
    return f"with it {ratio:.2f} x engine"


def times(ratio: float | None) -> str:
    """A ratio in a cell."""
    return "" if ratio is None else f"{ratio:.2f}"


def reached(yes: bool | None) -> str:
    """Whether a target was reached, in a cell; nothing when there was none."""
    return "" if yes is None else "yes" if yes else "NO"
