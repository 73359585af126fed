from alert_tippingpoint.conformance import TippingPointConformance


class TestTippingPoint(TippingPointConformance): ...
