from alert_email.conformance import EmailConformance


class TestEmail(EmailConformance): ...
