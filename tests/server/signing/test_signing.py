"""Signing and declining on the page: once, with the link, and only for the content that was shown."""

import asyncio
import hashlib
import json
from collections import Counter
from urllib.parse import urlencode

import pytest
from support.bulk_sends import miscounted
from support.gateway import RunningGateway, Tenant, running_gateway
from support.signing import (
    document_status,
    events_of,
    open_form,
    post_form,
    signing_counts,
    signing_path,
)
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import Stored, delete, store

from bulksend.db.pool import Pool
from bulksend.db.timestamps import moment
from bulksend.delivery.event_log import SIGNER, Source
from bulksend.delivery.template_content import content_nodes
from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.evidence.content import Content
from bulksend.evidence.events import format_time
from bulksend.resolvers import signing
from bulksend.resolvers.signing import Signature
from bulksend.server.signing.page import ATTEMPTS

SOURCE = Source(SIGNER)


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    return await store(pool, tenant, 2)


@pytest.fixture
async def path(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> str:
    return await signing_path(gateway, tenant, stored.document_ids[0])


async def test_signing_is_recorded_with_what_was_shown(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path, headers={"User-Agent": "Test browser"})
    reply = await post_form(gateway, path, form.signed("  Ann   Example "), headers={"User-Agent": "Test browser"})

    assert reply.status == 303
    assert "You have signed this document" in (await gateway.get(path)).body
    assert await document_status(pool, stored.document_uuids[0]) == "signed"
    assert await signing_counts(pool, stored.uuid) == {"viewed": 1, "signed": 1, "declined": 0, "expired": 0}
    viewed, consented, signed = await events_of(pool, stored.document_uuids[0])
    assert [viewed.type, consented.type, signed.type] == ["viewed", "consented", "signed"]
    body = await pool.fetchval("SELECT body FROM templates")
    nodes = content_nodes(body, signer_name="Signer 0", signer_email="signer0@example.com", values={})
    assert signed.details["document_sha256"] == Content(title="Agreement", nodes=nodes).sha256()
    assert signed.details["name"] == "Ann Example"
    assert "“Agreement”" in signed.details["intent"]
    text = consented.details["consent_text"]
    assert consented.details["consent_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert {(event.actor, event.ip, event.user_agent) for event in (viewed, consented, signed)} == {
        ("signer", "127.0.0.1", "Test browser")
    }


async def test_the_chain_holds(gateway: RunningGateway, pool: Pool, path: str, stored: Stored) -> None:
    """Each hash is SHA-256 over the byte 2, the previous hash (first the document's) and the event's canonical JSON."""
    form = await open_form(gateway, path)
    await post_form(gateway, path, form.signed())
    rows = await pool.fetch("SELECT * FROM events ORDER BY sequence")
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    for row in rows:
        event = {
            "actor": row["actor"],
            "details": json.loads(row["details"]),
            "ip": row["ip"],
            "sequence": row["sequence"],
            "time": format_time(moment(row["occurred_at"])),
            "type": row["type"],
            "user_agent": row["user_agent"],
        }
        assert hashlib.sha256(b"\x02" + row["previous_hash"] + canonical_bytes(event)).digest() == row["hash"]
    assert [row["previous_hash"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]


async def test_declining_keeps_the_reason(gateway: RunningGateway, pool: Pool, path: str, stored: Stored) -> None:
    form = await open_form(gateway, path)
    reply = await post_form(gateway, path, form.declined("The price\r\nis wrong"))

    assert reply.status == 303
    page = await gateway.get(path)
    assert "You have declined to sign this document" in page.body
    assert "The price\nis wrong" in page.body
    assert await document_status(pool, stored.document_uuids[0]) == "declined"
    assert await signing_counts(pool, stored.uuid) == {"viewed": 1, "signed": 0, "declined": 1, "expired": 0}
    assert (await events_of(pool, stored.document_uuids[0]))[-1].details["reason"] == "The price\nis wrong"


@pytest.mark.parametrize("first", ["signed", "declined"])
@pytest.mark.parametrize("second", ["signed", "declined"])
async def test_only_the_first_answer_counts(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored, first: str, second: str
) -> None:
    form, other_tab = await open_form(gateway, path), await open_form(gateway, path)
    assert (await post_form(gateway, path, getattr(form, first)())).status == 303
    events = await events_of(pool, stored.document_uuids[0])

    reply = await post_form(gateway, path, getattr(other_tab, second)("Somebody else"))
    assert reply.status == 409
    assert {"signed": "You have signed", "declined": "You have declined"}[first] in reply.body
    assert await document_status(pool, stored.document_uuids[0]) == first
    assert await events_of(pool, stored.document_uuids[0]) == events


async def test_of_100_posts_at_once_one_signs(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 3)
    async with (
        running_gateway(dsn, sink.url, delivery=False) as one,
        running_gateway(dsn, sink.url, delivery=False) as two,
    ):
        path = await signing_path(one, tenant, stored.document_ids[0])
        form = await open_form(one, path)
        posts = [
            post_form(gateway, path, form.signed(f"Signer {number}") if number % 2 else form.declined(f"{number}"))
            for number in range(50)
            for gateway in (one, two)
        ]
        statuses = Counter(reply.status for reply in await asyncio.gather(*posts))
    assert statuses[303] == 1
    # Each gateway allows this many posts per link; later ones are refused without being processed.
    assert statuses[409] == 2 * ATTEMPTS - 1
    assert statuses[429] == 100 - 2 * ATTEMPTS
    await assert_closed_once(pool, stored)


async def test_of_100_acts_at_once_one_counts(gateway: RunningGateway, pool: Pool, path: str, stored: Stored) -> None:
    shared = gateway.parts.gateway
    document = await signing.open_document(shared, shared.links.open(path.removeprefix("/sign/")))
    assert document is not None
    signature = Signature("Ann", "I agree.", "0" * 64, "I sign.", "en")
    acts = [
        signing.sign(shared, document, signature, SOURCE)
        if number % 2
        else signing.decline(shared, document, f"{number}", SOURCE)
        for number in range(100)
    ]
    assert Counter(await asyncio.gather(*acts)) == {True: 1, False: 99}
    await assert_closed_once(pool, stored)


async def assert_closed_once(pool: Pool, stored: Stored) -> None:
    status = await document_status(pool, stored.document_uuids[0])
    types = [event.type for event in await events_of(pool, stored.document_uuids[0])]
    assert [found for found in types if found in ("signed", "declined")] == [status]
    counts = await signing_counts(pool, stored.uuid)
    assert counts["signed"] + counts["declined"] == counts[status] == 1
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Enter your full name"),
        ("   ", "Enter your full name"),
        ("\u200b\u2060\ufeff", "Enter your full name"),
        ("\u3164", "Enter your full name"),
        ("\u2800\u115f", "Enter your full name"),
        ("\U000e0041", "Enter your full name"),
        ("\u0301", "Enter your full name"),
        ("x" * 201, "at most 200 characters"),
        ("Ann\x00", "cannot be used"),
        ("Ann \u202egnimos", "cannot be used"),
    ],
)
async def test_a_name_that_cannot_be_taken(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored, typed: str, told: str
) -> None:
    form = await open_form(gateway, path)
    reply = await post_form(gateway, path, form.signed(typed))
    assert reply.status == 422
    assert '<a href="#name">' in reply.body
    assert told in reply.body
    assert "<title>Error:" in reply.body.replace("\n", "")
    assert await document_status(pool, stored.document_uuids[0]) == "pending"
    assert [event.type for event in await events_of(pool, stored.document_uuids[0])] == ["viewed"]


@pytest.mark.parametrize("typed", ["Somebody Else", "X", "王小明", "עדה", "x" * 200, "👩‍⚖️", "O’Neill-Łuk"])
async def test_any_visible_name_signs(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored, typed: str
) -> None:
    form = await open_form(gateway, path)
    assert (await post_form(gateway, path, form.signed(typed))).status == 303
    assert (await events_of(pool, stored.document_uuids[0]))[-1].details["name"] == typed


async def test_a_name_that_is_not_unicode_is_shown_as_such(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    body = urlencode(form.signed("")) + "&name=%ff%fe"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with gateway.session.post(f"{gateway.url}{path}", data=body, headers=headers, allow_redirects=False) as reply:
        assert reply.status == 303
    assert (await events_of(pool, stored.document_uuids[0]))[-1].details["name"] == "\ufffd\ufffd"


async def test_without_consent_nothing_is_signed(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    reply = await post_form(gateway, path, form.signed("", consent=""))
    assert reply.status == 422
    assert reply.body.index('<a href="#consent">') < reply.body.index('<a href="#name">')
    # The typed input is kept, and the page can be posted again immediately.
    again = await post_form(gateway, path, form.signed("Ann", consent="no"))
    assert 'value="Ann"' in again.body
    assert await document_status(pool, stored.document_uuids[0]) == "pending"


@pytest.mark.parametrize("reason", ["", " \u200b ", "x" * 1001])
async def test_a_reason_that_cannot_be_taken(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored, reason: str
) -> None:
    form = await open_form(gateway, path)
    reply = await post_form(gateway, path, form.declined(reason))
    assert reply.status == 422
    assert '<a href="#reason">' in reply.body
    assert "<details open>" in reply.body
    assert await document_status(pool, stored.document_uuids[0]) == "pending"


async def test_a_tampered_form_is_refused(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    other = await open_form(gateway, await signing_path(gateway, tenant, stored.document_ids[1]))
    token = form.hidden["token"]
    # Not the last character: its lowest bits are not part of the signature.
    tampered = [
        token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:],
        "",
        "x" * 2000,
        "ü",
        other.hidden["token"],
    ]
    for bad in tampered:
        reply = await post_form(gateway, path, form.signed(token=bad))
        assert reply.status == 403
        assert "This form cannot be used" in reply.body
    reply = await post_form(gateway, path, form.signed(document_sha256="0" * 64))
    assert reply.status == 409
    assert "has changed since you opened it" in reply.body
    assert await document_status(pool, stored.document_uuids[0]) == "pending"
    assert [event.type for event in await events_of(pool, stored.document_uuids[0])] == ["viewed"]


async def test_what_is_no_longer_shown_is_not_signed(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    await pool.execute("UPDATE organizations SET consent_text = 'Our own terms.'")
    reply = await post_form(gateway, path, form.signed())
    assert reply.status == 409
    assert "Our own terms." in reply.body
    again = await open_form(gateway, path)
    assert (await post_form(gateway, path, again.signed())).status == 303
    consented = (await events_of(pool, stored.document_uuids[0]))[-2]
    assert consented.details["consent_text"] == "Our own terms."


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        (
            "UPDATE documents SET expires_at = clock_timestamp() - interval '1 s'",
            410,
            "The time to sign this document is over",
        ),
        ("UPDATE documents SET link_generation = 2", 410, "This link has been replaced"),
        ("UPDATE documents SET status = 'cancelled'", 410, "The sender took this document back"),
    ],
)
async def test_a_late_post_changes_nothing(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored, change: str, status: int, told: str
) -> None:
    form = await open_form(gateway, path)
    await pool.execute(change)
    before = await pool.fetch("SELECT * FROM documents")
    for posted in (form.signed(), form.declined()):
        reply = await post_form(gateway, path, posted)
        assert reply.status == status
        assert told in reply.body
    assert await pool.fetch("SELECT * FROM documents") == before
    assert [event.type for event in await events_of(pool, stored.document_uuids[0])] == ["viewed"]


async def test_a_post_to_a_deleted_document_is_410(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    await delete(pool, tenant, stored)
    reply = await post_form(gateway, path, form.signed())
    assert reply.status == 410
    assert "This document is gone" in reply.body
    assert [event.type for event in await events_of(pool, stored.document_uuids[0])] == ["viewed"]


async def test_a_post_to_an_unknown_link_is_404(gateway: RunningGateway, path: str) -> None:
    form = await open_form(gateway, path)
    assert (await post_form(gateway, "/sign/nonsense", form.signed())).status == 404


async def test_attempts_of_one_link_are_limited(
    gateway: RunningGateway, tenant: Tenant, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    replies = [await post_form(gateway, path, form.signed("")) for _ in range(ATTEMPTS + 1)]
    assert [reply.status for reply in replies] == [422] * ATTEMPTS + [429]
    assert int(replies[-1].headers["Retry-After"]) >= 1
    other = await signing_path(gateway, tenant, stored.document_ids[1])
    assert (await post_form(gateway, other, (await open_form(gateway, other)).signed())).status == 303


async def test_bodies_that_are_no_form_sign_nothing(
    gateway: RunningGateway, pool: Pool, path: str, stored: Stored
) -> None:
    form = await open_form(gateway, path)
    url = f"{gateway.url}{path}"
    for options in (
        {"json": form.signed()},
        {"data": b"\xff\xfe" * 100, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}},
        {"data": b"", "headers": {"Content-Type": "multipart/form-data"}},
    ):
        async with gateway.session.post(url, allow_redirects=False, **options) as response:
            assert 400 <= response.status < 500, options
    assert await document_status(pool, stored.document_uuids[0]) == "pending"
