"""The texts of each kind of mail, in the signer's language."""

from dataclasses import dataclass
from datetime import datetime

from bulksend.db.deliveries import MailKind
from bulksend.delivery.translations import format_time, translations


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a mail, each on one line."""

    organization: str
    document: str
    bulk_send: str
    signer: str
    email: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of a mail, or None. `button` and `invitation` accompany the signing link."""

    subject: str
    greeting: str
    lead: str
    lead_below_title: str
    invitation: str | None
    button: str | None
    spare_address: str | None
    deadline: str | None
    secrecy: str | None
    sent_for: str
    unexpected: str


def wording(kind: str, names: Names, locale: str, expires_at: datetime | None) -> Wording:
    """Return the texts of a kind of mail in an available locale."""
    _ = translations(locale).gettext
    subject, lead, below, invitation, button = _of_kind(kind, locale)
    values = {
        "organization": names.organization,
        "document": names.document,
        "bulk_send": names.bulk_send,
        "signer": names.signer,
        "email": names.email,
    }
    asks = kind in (MailKind.INVITATION, MailKind.AMENDED_INVITATION, MailKind.REMINDER)
    deadline = _("Please sign by %(time)s.") % {"time": format_time(expires_at, locale)} if expires_at else None
    return Wording(
        subject=subject % values,
        greeting=_("Hello %(signer)s,") % values,
        lead=lead % values,
        lead_below_title=below % values,
        invitation=invitation,
        button=button,
        spare_address=_("If the button does not work, open this address:") if button else None,
        deadline=deadline if asks else None,
        secrecy=_secrecy(locale) if button else None,
        sent_for=_("%(organization)s had this mail sent to %(email)s") % values,
        unexpected=_("If you did not expect this mail, you can ignore it."),
    )


def _secrecy(locale: str) -> str:
    return translations(locale).gettext(
        "This link is yours alone. Whoever has it can sign in your name: please do not pass this mail on."
    )


def _of_kind(kind: str, locale: str) -> tuple[str, str, str, str | None, str | None]:
    """Return a kind's subject, first sentence (alone, and below the document's name), and the texts at the link."""
    _ = translations(locale).gettext
    open_and_sign, sign_here = _("Open and sign"), _("Open your document and sign it here:")
    match kind:
        case MailKind.AMENDED_INVITATION:
            return (
                _("Corrected: %(organization)s asks you to sign %(document)s"),
                _(
                    '%(organization)s has corrected "%(document)s" (%(bulk_send)s) and asks you to sign it. The link '
                    "in the earlier mail no longer works."
                ),
                _(
                    "%(organization)s has corrected this document (%(bulk_send)s) and asks you to sign it. The link "
                    "in the earlier mail no longer works."
                ),
                sign_here,
                open_and_sign,
            )
        case MailKind.REMINDER:
            return (
                _("Reminder: %(organization)s asks you to sign %(document)s"),
                _('%(organization)s still waits for your signature on "%(document)s" (%(bulk_send)s).'),
                _("%(organization)s still waits for your signature on this document (%(bulk_send)s)."),
                sign_here,
                open_and_sign,
            )
        case MailKind.COPY:
            return (
                _("Your copy of %(document)s"),
                _('Your sealed copy of "%(document)s" (%(bulk_send)s) is ready. Anyone can check it.'),
                _("Your sealed copy of this document (%(bulk_send)s) is ready. Anyone can check it."),
                _("Open the document and download your copy here:"),
                _("Open and download"),
            )
        case MailKind.VOID_NOTICE:
            return (
                _("%(organization)s took back %(document)s"),
                _('%(organization)s took back "%(document)s" (%(bulk_send)s). You need not do anything.'),
                _("%(organization)s took this document back (%(bulk_send)s). You need not do anything."),
                None,
                None,
            )
        case _:
            return (
                _("%(organization)s asks you to sign %(document)s"),
                _('%(organization)s asks you to sign "%(document)s" (%(bulk_send)s).'),
                _("%(organization)s asks you to sign this document (%(bulk_send)s)."),
                sign_here,
                open_and_sign,
            )
