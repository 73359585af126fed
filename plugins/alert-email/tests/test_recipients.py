"""Who is told when the server refuses some of the recipients, and who is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from alert_core import DeliveryError, Notification
from alert_email import EmailAction

EVERYBODY = "ann@example.com, busy@example.com, unknown@example.com"


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(), **changes)


def refusal(call: Callable[..., object], *arguments: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        call(*arguments)
    return caught.value


def test_who_is_refused_for_good_is_named_in_the_receipt(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    receipt = make(serve(mailbox).port, to="ann@example.com, unknown@example.com").send(notification())

    assert receipt.detail == "refused unknown@example.com: 550 5.1.1 no such user"
    assert mailbox.recipients == [["ann@example.com"]]


def test_mail_that_everybody_is_refused_for_good_is_not_tried_again(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    error = refusal(make(serve(mailbox).port, to="unknown@example.com").send, notification())

    assert str(error).endswith("refuses every recipient: unknown@example.com: 550 5.1.1 no such user")
    assert not error.retryable


def test_who_is_refused_for_now_is_told_alone_later(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail, sample = make(serve(mailbox).port, to=EVERYBODY), notification()
    error = refusal(mail.send, sample)
    mailbox.full, mailbox.asked = False, []

    receipt = mail.resume(sample, error.progress)

    assert error.retryable
    assert str(error).endswith(
        "refused for now busy@example.com: 451 4.3.2 try again later; refused unknown@example.com: 550 5.1.1 no such user"
    )
    assert mailbox.asked == ["busy@example.com"]
    assert mailbox.recipients == [["ann@example.com"], ["busy@example.com"]]
    assert receipt.remote_id == "250 2.0.0 queued as 1; 250 2.0.0 queued as 2"
    assert receipt.detail == "refused unknown@example.com: 550 5.1.1 no such user"
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_nobody_is_told_twice_however_often_it_is_tried(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    server, sample = serve(mailbox), notification()
    mail = make(server.port, to=EVERYBODY)

    error = refusal(mail.send, sample)
    error = refusal(mail.resume, sample, error.progress)
    server.stop()
    error = refusal(mail.resume, sample, error.progress)
    serve(mailbox, port=server.port)
    mailbox.busy, mailbox.full = 1, False
    error = refusal(mail.resume, sample, error.progress)
    mail.resume(sample, error.progress)

    assert "try again later; before that: refused for now busy@example.com: 451 4.3.2 try again later; refused" in str(error)
    assert mailbox.recipients == [["ann@example.com"], ["busy@example.com"]]


def test_who_is_finally_refused_after_others_were_told_is_named_in_the_receipt(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail, sample = make(serve(mailbox).port, to="ann@example.com, busy@example.com"), notification()
    progress = refusal(mail.send, sample).progress.replace("busy@", "unknown@")

    receipt = make(mail.settings.port, to="ann@example.com, unknown@example.com").resume(sample, progress)

    assert (receipt.remote_id, receipt.detail) == (
        "250 2.0.0 queued as 1", "refused unknown@example.com: 550 5.1.1 no such user",
    )  # fmt: skip


def test_who_is_no_recipient_any_more_is_not_told(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail, sample = make(serve(mailbox).port, to="ann@example.com, busy@example.com"), notification()
    progress = refusal(mail.send, sample).progress
    mailbox.full = False

    receipt = make(mail.settings.port, to="ann@example.com").resume(sample, progress)

    assert receipt.remote_id == "250 2.0.0 queued as 1"
    assert mailbox.recipients == [["ann@example.com"]]


@pytest.mark.parametrize("progress", ["{", '{"later": 1}', "{}", '{"later": {"gone@example.com": "451"}}'])
def test_progress_that_means_nothing_begins_anew(
    progress: str, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    make(serve(mailbox).port).resume(notification(), progress)

    assert mailbox.recipients == [["ann@example.com"]]


def test_digest_is_resumed_one_by_one_for_who_is_left(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port, to="ann@example.com, busy@example.com", digest=True)
    batch = [notification(id="1"), notification(id="2")]
    errors = mail.send_many(batch)
    mailbox.full = False

    for sample, error in zip(batch, errors, strict=True):
        mail.resume(sample, error.progress)

    assert mailbox.recipients == [["ann@example.com"], ["busy@example.com"], ["busy@example.com"]]
    assert [got["X-Alert-Id"] for got in mailbox.mails[1:]] == ["1", "2"]
