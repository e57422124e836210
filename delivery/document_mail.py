"""One claimed document's mail: written, linked, and handed to the server."""

import asyncio

import structlog

from bulksend.db import ids
from bulksend.db.deliveries import ClaimedRow
from bulksend.delivery.exception_logging import described
from bulksend.delivery.mail.message import Letter, compose, envelope_address
from bulksend.delivery.policy import Policy
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import UNWRITABLE_ADDRESS, Deferred, DeliveryErrorCode, Outcome

log = structlog.get_logger(__name__)

# Not the server's fault: it uses an attempt, so that a document nobody can write mail for ends.
NOT_WRITTEN = Deferred(DeliveryErrorCode.MESSAGE_DEFERRED, None, "The mail could not be written.")


class Sending:
    """Sends single documents as the policy says."""

    def __init__(self, mailer: Mailer, links: SigningLinks, policy: Policy) -> None:
        self._mailer = mailer
        self._links = links
        self._policy = policy
        self._sender = policy.sender
        self._writing = asyncio.Lock()

    async def send(self, document: ClaimedRow, deadline: float) -> Outcome:
        """Send one document's mail and give what became of it, whatever goes wrong.

        `deadline` is on `time.monotonic()`: later than that the content is not begun.
        """
        try:
            recipient = envelope_address(document.signer_email)
        except ValueError:
            return UNWRITABLE_ADDRESS
        try:
            message = await self._write(document)
            return await self._mailer.send(self._sender, recipient, message, deadline=deadline)
        except Exception as error:
            log.error("mail failed unexpectedly", document=ids.encode(ids.DOCUMENT, document.id), **described(error))
            return NOT_WRITTEN

    async def _write(self, document: ClaimedRow) -> bytes:
        # It takes 0.3 ms in which the process does nothing else: one at a time, and in between whatever is ready.
        async with self._writing:
            await asyncio.sleep(0)
            return compose(self._letter(document), self._policy.mail_from, self._policy.message_id_domain)

    def _letter(self, document: ClaimedRow) -> Letter:
        return Letter(
            organization_name=document.organization_name,
            template_name=document.template_name,
            bulk_send_name=document.bulk_send_name,
            email_message=document.email_message,
            signer_name=document.signer_name,
            signer_email=document.signer_email,
            signer_message=document.signer_message,
            document_id=document.id,
            signing_url=self._links.url(document.organization_id, document.id, document.link_generation),
        )
