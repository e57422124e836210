"""Signing, declining, reminding, voiding and amending, in any order with deliveries, faults, cancels and retries."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from delivery.test_state_machine import DeliveryMachine, World
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from support.bulk_sends import Sent

from bulksend.db import ids
from bulksend.db.notices import Notices
from bulksend.db.read_replica import ReadReplica
from bulksend.delivery.download_links import DownloadLinks
from bulksend.delivery.event_log import SIGNER, Source
from bulksend.delivery.signing_links import SigningLink, SigningLinks
from bulksend.resolvers import amend_documents, remind_documents, signing, void_documents
from bulksend.resolvers.context import Context, Gateway
from bulksend.resolvers.signing import Signature
from bulksend.resolvers.viewer import Scope, Viewer

SOURCE = Source(SIGNER, "203.0.113.7", "Browser")
SIGNATURE = Signature("Ann", "I agree.", "0" * 64, "I sign.", "en")
SETTINGS = settings(
    max_examples=25, stateful_step_count=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@dataclass(frozen=True)
class Life:
    """A document's status, and how many of its events say that it was closed."""

    status: str
    voided: bool
    outcomes: int


class SigningWorld(World):
    """The world of the delivery tests, with actions of signers and senders."""

    async def open(self) -> None:
        await super().open()
        notices = Notices(self.pool, self._dsn)
        links = SigningLinks(["s" * 40], "")
        downloads = DownloadLinks(["s" * 40], "")
        self.gateway = Gateway(self.pool, ReadReplica(self.pool), notices, links, downloads, timedelta(), timedelta())

    def context(self, organization_id: UUID) -> Context:
        viewer = Viewer(organization_id, "Acme", organization_id, "Key", ("*",), frozenset(Scope), None)
        return Context(self.gateway, viewer, None, "request")

    async def document(self, sent: Sent, index: int) -> Any:
        """Return one of the bulk send's documents, including deleted ones."""
        rows = await self.pool.fetch(
            "SELECT id, link_generation FROM documents WHERE bulk_send_id = $1 ORDER BY signer_index", sent.id
        )
        return rows[index % len(rows)]

    async def sign(self, sent: Sent, index: int) -> None:
        opened = await self._opened(sent, index)
        await signing.sign(self.gateway, opened, SIGNATURE, SOURCE)

    async def decline(self, sent: Sent, index: int) -> None:
        opened = await self._opened(sent, index)
        await signing.decline(self.gateway, opened, "No.", SOURCE)

    async def _opened(self, sent: Sent, index: int) -> signing.OpenedDocument:
        row = await self.document(sent, index)
        link = SigningLink(sent.organization_id, row["id"], row["link_generation"])
        opened = await signing.open_document(self.gateway, link)
        assert opened is not None
        await signing.view(self.gateway, opened, SOURCE)
        return opened

    async def remind(self, sent: Sent, _index: int) -> None:
        await remind_documents.remind(self.context(sent.organization_id), ids.encode(ids.BULK_SEND, sent.id), None)

    async def void(self, sent: Sent, index: int) -> None:
        row = await self.document(sent, index)
        document_ids = [ids.encode(ids.DOCUMENT, row["id"])]
        context = self.context(sent.organization_id)
        await void_documents.void(context, ids.encode(ids.BULK_SEND, sent.id), document_ids, "Wrong.", notify=True)

    async def amend(self, sent: Sent, index: int) -> None:
        row = await self.document(sent, index)
        address = f"signer{index}-{row['link_generation']}@example.com"
        raw = [{"documentId": ids.encode(ids.DOCUMENT, row["id"]), "email": address}]
        context = self.context(sent.organization_id)
        await amend_documents.amend(context, ids.encode(ids.BULK_SEND, sent.id), raw)

    async def lives(self) -> dict[UUID, Life]:
        return {row["id"]: Life(row["status"], row["voided"], row["outcomes"]) for row in await self.pool.fetch(_LIVES)}

    def names(self) -> Counter[str]:
        """Return how often each mail arrived, by the left part of its Message-ID."""
        return Counter(str(mail.parsed["Message-ID"])[1:].partition("@")[0] for mail in self.sink.mails)

    def mailed(self) -> Counter[UUID]:
        """Return how often each document's mails arrived, whatever their kind."""
        return Counter(ids.decode("doc", name.partition(".")[0]) for name in self.names().elements())


Deed = Callable[[SigningWorld, Sent, int], Awaitable[None]]
DEEDS: list[Deed] = [
    SigningWorld.sign,
    SigningWorld.decline,
    SigningWorld.remind,
    SigningWorld.void,
    SigningWorld.amend,
]


class SigningMachine(DeliveryMachine):
    """Adds the actions of signers and senders."""

    world: SigningWorld

    def __init__(self, world: SigningWorld) -> None:
        self.lives: dict[UUID, Life] = {}
        super().__init__(world)

    @rule(sent=DeliveryMachine.bulk_sends, index=st.integers(0, 4), deed=st.sampled_from(DEEDS))
    def act(self, sent: Sent, index: int, deed: Deed) -> None:
        async def run() -> None:
            await deed(self.world, sent, index)

        self.world.run(run())

    @rule(
        sent=DeliveryMachine.bulk_sends,
        index=st.integers(0, 4),
        deeds=st.lists(st.sampled_from(DEEDS), min_size=2, max_size=5),
    )
    def race_with_each_other(self, sent: Sent, index: int, deeds: list[Deed]) -> None:
        async def race() -> None:
            await asyncio.gather(self.world.deliver(0, 1), *(deed(self.world, sent, index) for deed in deeds))

        self.world.run(race())

    def _check_mails(self, mailed: Counter[UUID]) -> None:
        """Check that no mail arrives twice, except those that the server accepted without replying."""
        names = self.world.names()
        assert names.total() - len(names) <= self.unsaid
        self._check_lives()

    def _check_told(self, states: dict[UUID, Any], mailed: Counter[UUID]) -> None:
        told = {state.id for state in states.values() if state.delivery_status == "sent"}
        assert told >= {state.id for state in self.states.values() if state.delivery_status == "sent"}
        assert self.told_sent <= told <= set(mailed) | self.told_sent

    def _check_lives(self) -> None:
        """Check that signed, declined and voided are final, and are recorded once."""
        lives = self.world.run(self.world.lives())
        for document_id, before in self.lives.items():
            now = lives[document_id]
            if before.status in ("signed", "declined") or before.voided:
                assert (now.status, now.voided) == (before.status, before.voided)
        for life in lives.values():
            assert life.outcomes == (life.status in ("signed", "declined"))
            assert not life.voided or life.status == "cancelled"
        self.lives = lives


@pytest.fixture
def world(dsn: str) -> Iterator[SigningWorld]:
    world = SigningWorld(dsn)
    world.run(world.open())
    yield world
    world.run(world.close())
    world.runner.close()


def test_every_promise_is_kept_whatever_happens(world: SigningWorld) -> None:
    class Machine(SigningMachine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Machine, settings=SETTINGS)


_LIVES = """
SELECT
    documents.id,
    documents.status,
    documents.voided_at IS NOT NULL AS voided,
    (
        SELECT count(*) FROM events
        WHERE events.document_id = documents.id AND events.type IN ('signed', 'declined')
    ) AS outcomes
FROM documents
"""
