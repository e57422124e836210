"""The mail of the first signer, as a dry run returns it."""

from dataclasses import dataclass
from uuid import UUID

from bulksend.db.templates import TemplateRow
from bulksend.delivery.mail.message import Letter, subject, text
from bulksend.delivery.translations import DEFAULT_LOCALE
from bulksend.resolvers.context import Context
from bulksend.resolvers.validation import ValidBulkSend

_NO_DOCUMENT = UUID(int=0)


@dataclass(frozen=True, slots=True)
class MailPreview:
    """The subject and text part of a mail."""

    subject: str
    text: str


def preview_mail(context: Context, valid: ValidBulkSend, template: TemplateRow) -> MailPreview:
    """Return the first signer's mail with an example in place of the signing link."""
    details, signer = valid.details, valid.signers[0]
    letter = Letter(
        organization_name=context.caller.organization_name,
        template_name=template.name,
        bulk_send_name=details.name,
        email_message=details.email_message,
        signer_name=signer.name,
        signer_email=signer.email,
        signer_message=signer.message,
        document_id=_NO_DOCUMENT,
        signing_url=context.gateway.links.example,
        locale=signer.locale or details.locale or DEFAULT_LOCALE,
    )
    return MailPreview(subject(letter), text(letter))
