"""One case in a process of its own: `python -m benchmarks.child CONTESTANT CONDITIONS EVENTS KIND FILE`.

Nothing heavy is imported here, since this also runs under the interpreter that has ElastAlert 2 and nothing of ours.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import cast

from benchmarks.case import Case
from benchmarks.conditions import Kind
from benchmarks.processes import pin

CONTESTANTS = {
    "decode": "benchmarks.decode:measure",
    "engine": "benchmarks.ours:measure_engine",
    "run": "benchmarks.ours:measure_run",
    "sec": "benchmarks.sec:measure",
    "elastalert": "benchmarks.elastalert:measure",
}


def main(arguments: list[str]) -> None:
    """Measure the case and print the measure as the last line."""
    contestant, conditions, events, kind, file = arguments
    case = Case(contestant, int(conditions), int(events), cast(Kind, kind))
    module, _, function = CONTESTANTS[contestant].partition(":")
    pin()
    measure = getattr(importlib.import_module(module), function)
    print(measure(case, Path(file)).to_json())


if __name__ == "__main__":
    main(sys.argv[1:])
