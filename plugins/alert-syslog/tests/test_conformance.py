from alert_syslog.conformance import SyslogConformance, SyslogSourceConformance


class TestSyslog(SyslogConformance): ...


class TestSyslogSource(SyslogSourceConformance): ...
