from alert_snmp.conformance import SnmpConformance, SnmpSourceConformance, SnmpTrapConformance


class TestSnmp(SnmpConformance): ...


class TestSnmpSource(SnmpSourceConformance): ...


class TestSnmpTrap(SnmpTrapConformance): ...
