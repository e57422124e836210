"""Composing and sending the mail of a claimed document."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import structlog

from bulksend.db import ids
from bulksend.db.deliveries import ClaimedRow, MailKind
from bulksend.delivery.exception_logging import described
from bulksend.delivery.mail.message import Letter, compose, envelope_address
from bulksend.delivery.policy import Policy
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import UNWRITABLE_ADDRESS, Deferred, DeliveryErrorCode, Outcome

log = structlog.get_logger(__name__)

Composer: TypeAlias = Callable[[ClaimedRow], Awaitable[bytes]]
"""Returns one document's mail as SMTP takes it. May read the database; raises whatever goes wrong."""

# Uses an attempt, so that a document whose mail cannot be composed fails in the end.
NOT_COMPOSED: Final = Deferred(DeliveryErrorCode.MESSAGE_DEFERRED, None, "The mail could not be written.")


class DocumentMailer:
    """Composes and sends the mail of claimed documents. `composers`: by kind of mail."""

    def __init__(self, mailer: Mailer, composers: Mapping[str, Composer], sender: str) -> None:
        self._mailer = mailer
        self._composers = composers
        self._sender = sender

    async def send(self, document: ClaimedRow, *, deadline: float, may_begin: Callable[[], bool]) -> Outcome:
        """Send a document's mail and return the outcome; no error is raised.

        Its content is not begun after `deadline` on `time.monotonic()`, nor while `may_begin()` is false.
        """
        try:
            recipient = envelope_address(document.signer_email)
        except ValueError:
            return UNWRITABLE_ADDRESS
        try:
            message = await self._composers[document.mail_kind](document)
            return await self._mailer.send(self._sender, recipient, message, deadline=deadline, may_begin=may_begin)
        except Exception as error:
            log.error("mail failed unexpectedly", document=ids.encode(ids.DOCUMENT, document.id), **described(error))
            return NOT_COMPOSED


def composers(links: SigningLinks, policy: Policy) -> dict[str, Composer]:
    """Return the composer of each kind of mail."""

    async def composed(document: ClaimedRow) -> bytes:
        return compose(_letter(document, links), policy.mail_from, policy.message_id_domain)

    return dict.fromkeys(MailKind, composed)


def _letter(document: ClaimedRow, links: SigningLinks) -> Letter:
    return Letter(
        organization_name=document.organization_name,
        template_name=document.template_name,
        bulk_send_name=document.bulk_send_name,
        email_message=document.email_message,
        signer_name=document.signer_name,
        signer_email=document.signer_email,
        signer_message=document.signer_message,
        document_id=document.id,
        signing_url=links.url(document.organization_id, document.id, document.link_generation),
        mail_kind=document.mail_kind,
        mail_number=document.mail_number,
        locale=document.locale,
        expires_at=document.expires_at,
    )
