"""Proves this distribution's quality level to `alert plugins --check tippingpoint`; needs `alert-tippingpoint[testing]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from alert_core.testing import FormatConformance
from alert_tippingpoint.format import TippingPointFormat

__all__ = ["TippingPointConformance"]


class TippingPointConformance(FormatConformance):
    """The format, with a record of each layout."""

    format = TippingPointFormat
    records: ClassVar[Sequence[bytes]] = (
        b"<35>CEF:0|TippingPoint|UnityOne|1.0.0.17|13012|13012: SIP: Brute Force Tool|7|app=TCP cnt=2 dst=192.0.2.9 dpt=5060 "
        b"act=Block cs1=Outer cs1Label=Profile Name cs6= cs6Label=Filter Message Parms src=198.51.100.7 spt=5067 "
        b"rt=1773500966073 dvchost=ips-1",
        b"<36>Mar 14 15:09:26 sms 8\t3\t00000002-0002-0002-0002-000000000560\t00000001-0001-0001-0001-000000000560\t"
        b"0560: TCP: Version Request\t560\ttcp\t198.51.100.7\t52669\t192.0.2.9\t443\t4\t6A\t6B\t11\t0\tips-1\t84084733\t"
        b"1773500966062\t19277738",
        b'<13>Mar 14 15:09:26 192.0.2.1 ALT,v4,20260314T150926+0000,"ips 1"/192.0.2.1,1017,Permit,1,Low,'
        b'00000002-0002-0002-0002-000000000164,"0164: ICMP: Ping","0164: ICMP: Ping",icmp,0,198.51.100.7:0,192.0.2.9:0,'
        b'20260314T150626+0000,199," ",1,3:1',
    )
