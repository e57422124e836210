"""The signing page: read, sign or decline a document. Works without JavaScript."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import web
from markupsafe import Markup

from bulksend.delivery.event_log import SIGNER, Source
from bulksend.delivery.signing_links import InvalidLink
from bulksend.delivery.translations import accepted_locale
from bulksend.resolvers import signing
from bulksend.resolvers.context import Gateway
from bulksend.resolvers.signing import OpenedDocument, Signature, SigningState
from bulksend.resolvers.template_fields import TemplateField
from bulksend.server.http.client_address import ClientAddresses
from bulksend.server.http.moving_window import MovingWindow
from bulksend.server.http.pages import PRIVATE_HEADERS
from bulksend.server.signing import form as forms
from bulksend.server.signing import texts
from bulksend.server.signing.downloads import COPY
from bulksend.server.signing.form import Form
from bulksend.server.signing.form_tokens import FormTokens, InvalidFormToken, Shown, link_sha256
from bulksend.server.signing.rendering import render
from bulksend.server.signing.texts import Notice
from bulksend.server.signing.unavailable import told_when_away

PATH: Final = "/sign/{token}"
ATTEMPTS: Final = 20
ATTEMPTS_SECONDS: Final = 60.0
# Link checkers and mail scanners send HEAD or prefetch; only a person's GET counts as a view.
_PURPOSES: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PREFETCH: Final = frozenset({"prefetch", "preview", "prerender"})
_GONE: Final = frozenset({SigningState.DELETED, SigningState.CANCELLED, SigningState.SUPERSEDED})
_LATE: Final = {SigningState.SIGNED: 409, SigningState.DECLINED: 409, SigningState.EXPIRED: 410}


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for one document. `link`: SHA-256 of the link's token; `locale`: the page's language."""

    document: OpenedDocument
    token: str
    link: str
    locale: str
    source: Source


class SigningPage:
    """Serves the signing pages, with a rate limit on the posts to each."""

    def __init__(self, gateway: Gateway, tokens: FormTokens, addresses: ClientAddresses) -> None:
        self._gateway = gateway
        self._tokens = tokens
        self._addresses = addresses
        self._attempts: MovingWindow[UUID] = MovingWindow(limit=ATTEMPTS, seconds=ATTEMPTS_SECONDS)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of signing links."""
        return [web.get(PATH, told_when_away(self.show)), web.post(PATH, told_when_away(self.post))]

    async def show(self, request: web.Request) -> web.Response:
        """Show the document, or why it can no longer be shown."""
        visit = await self._visit(request)
        if visit is None:
            return _notice(texts.unknown(_locale(request)), _locale(request))
        if _is_viewed(request):
            await signing.view(self._gateway, visit.document, visit.source)
        return self._page(visit)

    async def post(self, request: web.Request) -> web.Response:
        """Sign or decline the document, or show why that is not possible; only the first post has an effect."""
        visit = await self._visit(request)
        if visit is None:
            return _notice(texts.unknown(_locale(request)), _locale(request))
        hit = self._attempts.hit(visit.document.row.id)
        if not hit.accepted:
            return _too_many(visit.locale, hit.reset_seconds)
        form = await forms.read(request)
        try:
            shown = self._tokens.read(form.token, visit.link)
        except InvalidFormToken:
            return _notice(texts.invalid_form(visit.locale), visit.locale)
        if visit.document.state is not SigningState.OPEN:
            return self._page(visit, _LATE.get(visit.document.state, 410))
        if form.document_sha256 != shown.document_sha256 or shown != _shown(visit, shown.locale):
            return self._page(visit, 409, changed=texts.changed(visit.locale))
        return await (self._decline if form.decision == "decline" else self._sign)(request, visit, form, shown.locale)

    async def _visit(self, request: web.Request) -> Visit | None:
        token = request.match_info["token"]
        try:
            link = self._gateway.links.open(token)
        except InvalidLink:
            return None
        document = await signing.open_document(self._gateway, link)
        if document is None:
            return None
        locale = accepted_locale(request.headers.get("Accept-Language", "")) or document.row.locale
        source = self._addresses.source(request, SIGNER)
        return Visit(document, token, link_sha256(token), locale, source)

    async def _sign(self, request: web.Request, visit: Visit, form: Form, locale: str) -> web.Response:
        checked = forms.check_signature(form, visit.document.fields, visit.locale)
        if checked.problems:
            return self._page(visit, 422, problems=checked.problems, form=form)
        consent = texts.consent(visit.document.row, locale)
        signature = Signature(
            name=checked.text,
            consent=consent,
            consent_sha256=texts.consent_sha256(consent),
            intent=texts.intent(visit.document.row, locale),
            locale=locale,
            values=checked.values,
        )
        done = await signing.sign(self._gateway, visit.document, signature, visit.source)
        return await self._done(request, done=done)

    async def _decline(self, request: web.Request, visit: Visit, form: Form, _locale: str) -> web.Response:
        checked = forms.check_refusal(form, visit.locale)
        if checked.problems:
            return self._page(visit, 422, problems=checked.problems, form=form)
        done = await signing.decline(self._gateway, visit.document, checked.text, visit.source)
        return await self._done(request, done=done)

    async def _done(self, request: web.Request, *, done: bool) -> web.Response:
        if done:
            # A redirect, so that the next page can be reloaded without posting again. Relative, because a proxy may
            # serve the gateway under a path.
            headers = {**PRIVATE_HEADERS, "Location": request.match_info["token"]}
            return web.Response(status=303, headers=headers)
        visit = await self._visit(request)
        if visit is None:
            return _notice(texts.unknown(_locale(request)), _locale(request))
        return self._page(visit, _LATE.get(visit.document.state, 410))

    def _page(
        self,
        visit: Visit,
        status: int = 200,
        *,
        problems: Mapping[str, str] | None = None,
        form: Form = Form(),  # noqa: B008  # immutable
        changed: str | None = None,
    ) -> web.Response:
        document, locale = visit.document, visit.locale
        if document.state in _GONE:
            reason = document.outcome.text if document.outcome else None
            return _notice(texts.gone(document.state, locale), locale, reason)
        return render(
            "document.html",
            locale,
            status,
            document=document,
            content=Markup(document.html),  # noqa: S704  # sanitised when it was rendered
            times=texts.times(document.row, locale),
            token=self._tokens.make(_shown(visit, locale)),
            consent=texts.consent(document.row, locale),
            intent=texts.intent(document.row, locale),
            problems={**_no_problems(document), **(problems or {})},
            changed=changed,
            name=form.name,
            consented=form.consent == "yes",
            reason=form.reason,
            fields=[_field(one, form.values, locale) for one in document.fields],
            # Relative, like the redirect.
            copy_url=f"{visit.token}/{COPY}" if document.row.is_sealed else None,
        )


def _shown(visit: Visit, locale: str) -> Shown:
    document = visit.document
    consent = texts.consent_sha256(texts.consent(document.row, locale))
    return Shown(visit.link, document.link.generation, document.sha256, consent, locale)


def _field(field: TemplateField, typed: Mapping[str, str], locale: str) -> dict[str, object]:
    """Return the parameters of an input; `value` is the text entered before, or the default."""
    return {
        "id": f"{forms.PREFIX}{field.name}",
        "type": field.type.value,
        "label": texts.label(field),
        "hint": texts.hint(field, locale),
        "value": typed.get(field.name, field.default or ""),
        "choices": field.choices,
        "required": field.required,
    }


def _no_problems(document: OpenedDocument) -> dict[str, str | None]:
    ids = [*(f"{forms.PREFIX}{field.name}" for field in document.fields), "consent", "name", "reason"]
    return dict.fromkeys(ids)


def _notice(notice: Notice, locale: str, reason: str | None = None) -> web.Response:
    return render(
        "notice.html", locale, notice.status, heading=notice.heading, paragraphs=notice.paragraphs, reason=reason
    )


def _too_many(locale: str, seconds: float) -> web.Response:
    response = _notice(texts.too_many_attempts(locale), locale)
    response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response


def _locale(request: web.Request) -> str:
    return accepted_locale(request.headers.get("Accept-Language", "")) or "en"


def _is_viewed(request: web.Request) -> bool:
    purposes = " ".join(request.headers.get(name, "") for name in _PURPOSES).lower()
    return request.method == "GET" and not any(word in purposes for word in _PREFETCH)
