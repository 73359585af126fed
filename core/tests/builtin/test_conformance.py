from alert_core.testing.builtin import JsonConformance, PatternConformance, ThresholdConformance


class TestJson(JsonConformance): ...


class TestPattern(PatternConformance): ...


class TestThreshold(ThresholdConformance): ...


class TestThresholdOnAnyComputer(ThresholdConformance):
    settings = {**ThresholdConformance.settings, "per": "any-computer"}


class TestThresholdOnDistinctComputers(ThresholdConformance):
    settings = {**ThresholdConformance.settings, "per": "distinct-computers", "count": 2}
