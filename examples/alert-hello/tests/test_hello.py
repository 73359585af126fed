from alert_core.testing import ActionConformance
from alert_hello import HelloAction


class TestHello(ActionConformance):
    action = HelloAction
    settings = {"path": "out.txt"}
    unreachable = {"path": "/no/such/folder/out.txt"}
