from alert_web.conformance import (
    AlertmanagerConformance,
    FalcoConformance,
    NotificationConformance,
    WebConformance,
    WebSourceConformance,
)


class TestWeb(WebConformance): ...


class TestWebSource(WebSourceConformance): ...


class TestAlertmanager(AlertmanagerConformance): ...


class TestFalco(FalcoConformance): ...


class TestNotification(NotificationConformance): ...
