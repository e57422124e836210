"""Texts of the signing pages: the sentences that a signer agrees to, and the reasons why a post was refused."""

import hashlib
from dataclasses import dataclass
from gettext import NullTranslations

from bulksend.db.signing import OpenedDocumentRow
from bulksend.delivery.translations import format_time, translations
from bulksend.resolvers.signing import NAME_LENGTH, REASON_LENGTH, SigningState, TextProblem
from bulksend.resolvers.template_fields import TemplateField, TemplateFieldType


@dataclass(frozen=True, slots=True)
class Notice:
    """The texts of a page without a document."""

    status: int
    heading: str
    paragraphs: tuple[str, ...]


def consent(row: OpenedDocumentRow, locale: str) -> str:
    """Return the consent text: the organization's, or the default one of this locale."""
    if row.custom_consent_text is not None:
        return row.custom_consent_text
    _ = translations(locale).gettext
    paragraphs = (
        _(
            "%(organization)s sends you this document electronically and asks you to sign it electronically. Your "
            "electronic signature has the same effect as one on paper."
        ),
        _(
            "To read and keep the document you need a web browser, a program that shows PDF files, and the email "
            "address to which the link to this page was sent. A copy of what you sign is yours to download."
        ),
        _(
            "You need not agree. If you would rather have the document on paper, decline below and tell "
            "%(organization)s; that costs you nothing here."
        ),
    )
    return "\n\n".join(paragraphs) % {"organization": row.organization_name}


def consent_sha256(text: str) -> str:
    """Return the SHA-256 of a consent text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def intent(row: OpenedDocumentRow, locale: str) -> str:
    """Return the statement of intent to sign."""
    _ = translations(locale).gettext
    return _(
        "By choosing “Sign document” I sign “%(document)s” and intend to be bound by it, as by my signature on paper."
    ) % {"document": row.template_name}


def times(row: OpenedDocumentRow, locale: str) -> dict[str, str | None]:
    """Return the times of signing, declining and expiry, formatted."""
    moments = {"signed": row.signed_at, "declined": row.declined_at, "expires": row.expires_at}
    return {name: format_time(moment, locale) if moment else None for name, moment in moments.items()}


def name_problem(problem: TextProblem, locale: str) -> str:
    """Return the message for an invalid name."""
    _ = translations(locale).gettext
    return {
        TextProblem.MISSING: _("Enter your full name"),
        TextProblem.TOO_LONG: _("Your name must have at most %(number)s characters"),
        TextProblem.INVALID: _("Your name has a character that cannot be used; type it anew"),
    }[problem] % {"number": NAME_LENGTH}


def reason_problem(problem: TextProblem, locale: str) -> str:
    """Return the message for an invalid reason."""
    _ = translations(locale).gettext
    return {
        TextProblem.MISSING: _("Enter why you do not want to sign"),
        TextProblem.TOO_LONG: _("The reason must have at most %(number)s characters"),
        TextProblem.INVALID: _("The reason has a character that cannot be used; type it anew"),
    }[problem] % {"number": REASON_LENGTH}


def label(field: TemplateField) -> str:
    """Return the label of a field."""
    return field.label or field.name.replace("_", " ").capitalize()


def missing_value(field: TemplateField, locale: str) -> str:
    """Return the message for a field that was left empty."""
    _ = translations(locale).gettext
    if field.type is TemplateFieldType.CHECKBOX:
        return _("Tick “%(label)s”") % {"label": label(field)}
    return _("Enter: %(label)s") % {"label": label(field)}


def invalid_value(field: TemplateField, locale: str) -> str:
    """Return the message for a value that breaks a rule of its field."""
    _ = translations(locale).gettext
    told = _("Check what you entered for: %(label)s") % {"label": label(field)}
    expected = hint(field, locale)
    return f"{told} ({expected})" if expected else told


def hint(field: TemplateField, locale: str) -> str:
    """Return a hint at the values of a field; empty if it accepts any text."""
    _ = translations(locale).gettext
    kinds = {
        TemplateFieldType.INTEGER: _("a whole number, such as 42"),
        TemplateFieldType.DECIMAL: _("a number, such as 42.50"),
        TemplateFieldType.DATE: _("a date, such as 2026-05-28"),
        TemplateFieldType.EMAIL: _("an email address"),
    }
    bounds = (
        (_("at least %(bound)s"), field.minimum),
        (_("at most %(bound)s"), field.maximum),
        (_("at least %(bound)s characters"), field.min_length),
        (_("at most %(bound)s characters"), field.max_length),
        (_("optional"), None if field.required else ""),
    )
    parts = [kinds.get(field.type, ""), *(text % {"bound": bound} for text, bound in bounds if bound is not None)]
    return ", ".join(filter(None, parts))


def consent_problem(locale: str) -> str:
    """Return the message for missing consent."""
    return translations(locale).gettext("Agree to use electronic records and signatures, or decline below")


def changed(locale: str) -> str:
    """Return the message for a post from a page that is out of date."""
    _ = translations(locale).gettext
    return _("What this page shows has changed since you opened it. Please read it again, then sign.")


def unknown(locale: str) -> Notice:
    """Return the notice for an unknown link."""
    _ = translations(locale).gettext
    text = _("This link opens nothing. Check that you have all of it, or ask the sender.")
    return Notice(404, _("No such document"), (text,))


def gone(state: SigningState, locale: str) -> Notice:
    """Return the notice for a document that can no longer be opened."""
    messages = translations(locale)
    heading, text = _gone(messages)[state]
    return Notice(410, heading, (text,))


def _gone(messages: NullTranslations) -> dict[SigningState, tuple[str, str]]:
    _ = messages.gettext
    return {
        SigningState.DELETED: (
            _("This document is gone"),
            _("The sender deleted it. If that surprises you, ask them."),
        ),
        SigningState.CANCELLED: (
            _("The sender took this document back"),
            _("It can no longer be signed, and you need not do anything. If that surprises you, ask them."),
        ),
        SigningState.SUPERSEDED: (
            _("This link has been replaced"),
            _("The sender corrected the document and sent a new link. Look for a newer mail, or ask them for it."),
        ),
    }


def invalid_form(locale: str) -> Notice:
    """Return the notice for a post with an invalid form token."""
    _ = translations(locale).gettext
    text = _("Nothing was signed. Open the link in your mail again and use the form that you see there.")
    return Notice(403, _("This form cannot be used"), (text,))


def too_many_attempts(locale: str) -> Notice:
    """Return the notice for too many posts."""
    _ = translations(locale).gettext
    text = _("Nothing was signed this time. Wait a minute, then go back and try again.")
    return Notice(429, _("Too many attempts"), (text,))


def unavailable(locale: str) -> Notice:
    """Return the notice for an unavailable database."""
    _ = translations(locale).gettext
    text = _(
        "Wait a few seconds, then open the link again. If you have just signed, it says whether that was recorded."
    )
    return Notice(503, _("This cannot be shown at the moment"), (text,))
