"""Ambiguous refusals: what else the server accepts decides whether the recipient or the sender is refused."""

from uuid import UUID

from bulksend.delivery.refusal_evidence import FEW, RefusalEvidence
from bulksend.delivery.smtp.outcomes import (
    Accepted,
    Deferred,
    DeliveryErrorCode,
    Outcome,
    Refused,
    ServerTrouble,
)

UNCLEAR = Refused(DeliveryErrorCode.MAILBOX_UNAVAILABLE, 550, "Rejected", is_certain=False)
LATER = Deferred(DeliveryErrorCode.MAILBOX_BUSY, 451, "Try later", is_certain=False)
CERTAIN = Refused(DeliveryErrorCode.MAILBOX_UNAVAILABLE, 550, "5.1.1 No such user")
OK = Accepted(250, "OK")


def judged(*outcomes: Outcome, evidence: RefusalEvidence | None = None) -> list[Outcome]:
    evidence = evidence or RefusalEvidence()
    return [evidence.judge(UUID(int=number), outcome) for number, outcome in enumerate(outcomes)]


def test_what_is_certain_stays_as_it_is() -> None:
    assert judged(CERTAIN, OK, *[CERTAIN] * 10) == [CERTAIN, OK, *[CERTAIN] * 10]


def test_an_unclear_refusal_fails_nobody_before_anything_was_accepted() -> None:
    expected = ServerTrouble(DeliveryErrorCode.SMTP_POLICY_REFUSED, 550, "Rejected", sender_accepted=True)
    assert judged(UNCLEAR) == [expected]


def test_an_unclear_refusal_among_accepted_mails_counts() -> None:
    assert judged(OK, UNCLEAR, OK, UNCLEAR)[1::2] == [UNCLEAR, UNCLEAR]


def test_a_server_that_turns_against_us_fails_few() -> None:
    outcomes = judged(OK, *[UNCLEAR] * 50)
    assert outcomes.count(UNCLEAR) == FEW
    assert outcomes[-1] != UNCLEAR


def test_the_same_document_again_and_again_is_one() -> None:
    evidence = RefusalEvidence()
    evidence.judge(UUID(int=1), OK)
    assert {type(evidence.judge(UUID(int=2), UNCLEAR)) for _ in range(10)} == {Refused}


def test_unclear_deferrals_use_attempts_until_they_are_many() -> None:
    outcomes = judged(*[LATER] * 10)
    assert outcomes[:FEW] == [LATER] * FEW
    assert {type(outcome) for outcome in outcomes[FEW:]} == {ServerTrouble}
