from alert_web.conformance import WebConformance


class TestWeb(WebConformance): ...
