from alert_hello.conformance import HelloConformance


class TestHello(HelloConformance): ...
