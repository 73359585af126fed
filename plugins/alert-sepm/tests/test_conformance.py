from alert_sepm.conformance import SepmActionConformance, SepmFormatConformance, SepmSourceConformance


class TestFormat(SepmFormatConformance): ...


class TestSource(SepmSourceConformance): ...


class TestAction(SepmActionConformance): ...
