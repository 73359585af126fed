"""A pytest plugin that writes down what became of each test, for `level_of`."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from alert_core.testing.levels import Check, Outcome, level_in

OPTION = "--alert-record"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, metavar="FILE", help="write what became of each test to this file, as JSON lines")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(Path(config.getoption(OPTION))))


class _Recorder:
    def __init__(self, file: Path) -> None:
        self._file = file

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = (yield).get_result()
        # Set-up and tear-down only count when they fail or skip.
        if report.when == "call" or report.outcome != "passed":
            self._write(_check(item, report, call.excinfo))

    def _write(self, check: Check) -> None:
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(dataclasses.asdict(check)) + "\n")


def _check(item: pytest.Item, report: pytest.TestReport, failure: pytest.ExceptionInfo[BaseException] | None) -> Check:
    cls, name = getattr(item, "cls", None) or object, getattr(item, "originalname", item.name)
    own = inspect.getattr_static(cls, name, None)
    replaced = not getattr(own, "__module__", "").startswith("alert_core.testing.") and _is_of_the_kit(cls, name)
    outcome: Outcome = "passed" if report.outcome == "passed" else "failed"
    reason = "" if failure is None else _phrase(failure.value)
    if report.outcome == "skipped":
        outcome, reason = Check.skipped(reason)
    elif replaced and outcome == "passed":
        reason = inspect.getdoc(own) or ""
        outcome = "spared" if reason else "lacking"
        reason = " ".join(reason.split()) or "its author replaced the test and gave no reason in its docstring"
    return Check(test=item.name, level=level_in(cls, name), outcome=outcome, reason=reason, replaced=replaced)


def _is_of_the_kit(cls: type[object], name: str) -> bool:
    return any(name in base.__dict__ for base in cls.__mro__ if base.__module__.startswith("alert_core.testing."))


def _phrase(error: BaseException) -> str:
    """What went wrong, in one line: our own words if an assertion has any."""
    text = str(error).strip().split("\n")[0] or type(error).__name__
    kinds = (AssertionError, pytest.fail.Exception, pytest.skip.Exception)
    return text if isinstance(error, kinds) else f"{type(error).__name__}: {text}"
