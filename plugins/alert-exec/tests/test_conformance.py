from __future__ import annotations

from typing import Any

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance
from alert_exec import ExecAction


class TestExec(ActionConformance):
    action = ExecAction
    settings = {"program": "block.sh", "arguments": ["--mode", "a b"], "environment": {"TOKEN": "s3cret-token"}}
    unreachable = {"program": "not-there.sh"}

    @pytest.fixture
    def reachable(self, context: Context) -> dict[str, Any]:
        context.program_folder.mkdir()
        program = context.program_folder / "block.sh"
        program.write_text("#!/bin/sh\ncat > notification.json\n")
        program.chmod(0o755)
        return self.settings
