from alert_syslog.conformance import SyslogConformance


class TestSyslog(SyslogConformance): ...
