from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bulksend.evidence.events import BrokenChain, DocumentRecord, Event, chain_hashes, check_chain, format_time

START = bytes(range(32))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _numbered(history: list[dict[str, Any]]) -> list[Event]:
    return [Event(sequence=sequence, **fields) for sequence, fields in enumerate(history, start=1)]


histories = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["viewed", "consented", "signed"]),
            "time": st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)).map(format_time),
            "actor": st.just("signer"),
            "ip": st.none() | st.ip_addresses().map(str),
            "user_agent": st.none() | texts,
            "details": st.dictionaries(st.sampled_from(["name", "reason"]), texts | st.booleans() | st.none()),
        }
    ),
    min_size=1,
    max_size=8,
).map(_numbered)


def event(**changes: Any) -> Event:
    fields: dict[str, Any] = {"sequence": 1, "type": "viewed", "time": "2026-11-25T10:00:00.000Z", "actor": "signer"}
    return Event.model_validate(fields | changes)


def test_the_format_is_the_documented_one() -> None:
    signed = event(
        sequence=3, type="signed", ip="203.0.113.7", user_agent="Mozilla/5.0", details={"name": "Zoë", "accepted": True}
    )
    assert (
        signed.canonical_bytes()
        == (
            '{"actor":"signer","details":{"accepted":true,"name":"Zoë"},"ip":"203.0.113.7","sequence":3,'
            '"time":"2026-11-25T10:00:00.000Z","type":"signed","user_agent":"Mozilla/5.0"}'
        ).encode()
    )


def test_hashes_do_not_change_between_versions() -> None:
    record = DocumentRecord(
        organization_id="org_01h455vb4pex5vsknk084sn02q",
        bulk_send_id="bs_01h455vb4pex5vsknk084sn02q",
        template_id="tpl_01h455vb4pex5vsknk084sn02q",
        template_sha256="00" * 32,
        document_id="doc_01h455vb4pex5vsknk084sn02q",
        signer_index=0,
        created_at="2026-11-25T09:00:00.000Z",
    )
    hashes = list(chain_hashes(record.leaf_hash(), [event(), event(sequence=2, type="consented")]))
    assert record.leaf_hash().hex() == "5fb0c17d12c12e060b032eccaa94c1dee8a4a3b83d5dd59e7399d3a75c72ea18"
    assert [each.hex() for each in hashes] == [
        "7963666af07b4ac86fd5e61a3b75283e9c5df9aa8532be82105f1b1f5c624bc9",
        "8a5ad6e698e5c4737586157a46fd5469e6bf9ed0eae9bd9c1e2398c7f449a47e",
    ]


@given(histories)
def test_an_unchanged_chain_holds(events: list[Event]) -> None:
    hashes = list(chain_hashes(START, events))
    assert check_chain(START, zip(events, hashes, strict=True)) == hashes[-1]


@given(histories, st.data())
def test_a_changed_event_is_named(events: list[Event], data: st.DataObject) -> None:
    hashes = list(chain_hashes(START, events))
    position = data.draw(st.integers(0, len(events) - 1))
    events[position] = events[position].model_copy(update={"actor": "key_other"})
    with pytest.raises(BrokenChain) as raised:
        check_chain(START, zip(events, hashes, strict=True))
    assert raised.value.sequence == position + 1


@given(histories, st.data())
def test_a_changed_hash_is_named(events: list[Event], data: st.DataObject) -> None:
    hashes = list(chain_hashes(START, events))
    position = data.draw(st.integers(0, len(events) - 1))
    hashes[position] = bytes(32)
    with pytest.raises(BrokenChain) as raised:
        check_chain(START, zip(events, hashes, strict=True))
    assert raised.value.sequence == position + 1


@given(histories, st.data())
def test_a_missing_event_is_named(events: list[Event], data: st.DataObject) -> None:
    links = list(zip(events, chain_hashes(START, events), strict=True))
    position = data.draw(st.integers(0, len(events) - 1))
    del links[position]
    if position == len(links):
        assert check_chain(START, links) != list(chain_hashes(START, events))[-1]
        return
    with pytest.raises(BrokenChain) as raised:
        check_chain(START, links)
    assert raised.value.sequence == position + 1


def test_another_start_breaks_the_first_event() -> None:
    links = list(zip([event()], chain_hashes(START, [event()]), strict=True))
    with pytest.raises(BrokenChain, match="event 1"):
        check_chain(bytes(32), links)


def test_an_empty_chain_ends_where_it_starts() -> None:
    assert check_chain(START, []) == START


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"sequence": "1"},
        {"sequence": True},
        {"type": "Viewed"},
        {"type": ""},
        {"time": "2026-11-25T10:00:00Z"},
        {"time": "2026-02-30T10:00:00.000Z"},
        {"time": "2026-11-25T10:00:00.000+00:00"},
        {"actor": ""},
        {"ip": "localhost"},
        {"ip": "::0001"},
        {"user_agent": "x" * 1001},
        {"details": {"Name": "x"}},
        {"details": {"name": ["nested"]}},
        {"details": {"name": 1.5}},
        {"other": 1},
    ],
)
def test_what_is_no_event_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        event(**changes)


def test_times_are_utc_and_cut_to_milliseconds() -> None:
    moment = datetime(2026, 11, 25, 12, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-11-25T10:00:00.999Z"
