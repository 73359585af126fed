from alert_core.testing import builtin


class TestAuto(builtin.AutoConformance): ...


class TestCef(builtin.CefConformance): ...


class TestCsv(builtin.CsvConformance): ...


class TestEcs(builtin.EcsConformance): ...


class TestEve(builtin.EveConformance): ...


class TestJson(builtin.JsonConformance): ...


class TestLeef(builtin.LeefConformance): ...


class TestNetfilter(builtin.NetfilterConformance): ...


class TestOcsf(builtin.OcsfConformance): ...


class TestPattern(builtin.PatternConformance): ...


class TestSshd(builtin.SshdConformance): ...


class TestSyslog(builtin.SyslogConformance): ...


class TestThreshold(builtin.ThresholdConformance): ...


class TestThresholdOnAnyComputer(builtin.ThresholdConformance):
    settings = {**builtin.ThresholdConformance.settings, "per": "any-computer"}


class TestThresholdOnDistinctComputers(builtin.ThresholdConformance):
    settings = {**builtin.ThresholdConformance.settings, "per": "distinct-computers", "count": 2}
