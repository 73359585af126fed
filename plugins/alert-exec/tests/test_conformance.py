from alert_exec.conformance import ExecConformance


class TestExec(ExecConformance): ...
