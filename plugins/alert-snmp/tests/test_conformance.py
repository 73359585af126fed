from alert_snmp.conformance import SnmpConformance


class TestSnmp(SnmpConformance): ...
