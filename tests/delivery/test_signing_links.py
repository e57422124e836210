from base64 import urlsafe_b64encode
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from bulksend.delivery.signing_links import InvalidLink, SigningLink, SigningLinks

NEW, OLD, STRANGE = "n" * 32, "o" * 32, "s" * 32
LINKS = SigningLinks([NEW, OLD], "https://sign.example.com/")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é"

generations = st.integers(0, 2**32 - 1)


def token_of(url: str) -> str:
    return url.removeprefix("https://sign.example.com/sign/")


@given(st.uuids(), st.uuids(), generations)
def test_a_link_opens_what_it_was_made_for(organization: UUID, document: UUID, generation: int) -> None:
    url = LINKS.url(organization, document, generation)
    assert url.startswith("https://sign.example.com/sign/")
    assert LINKS.open(token_of(url)) == SigningLink(organization, document, generation)


def test_a_link_is_the_same_each_time_and_differs_by_generation() -> None:
    organization, document = uuid4(), uuid4()
    assert LINKS.url(organization, document, 1) == LINKS.url(organization, document, 1)
    assert LINKS.url(organization, document, 1) != LINKS.url(organization, document, 2)


def test_keys_rotate() -> None:
    organization, document = uuid4(), uuid4()
    before = SigningLinks([OLD], "https://sign.example.com")
    after = SigningLinks([NEW], "https://sign.example.com")
    old_token = token_of(before.url(organization, document, 0))
    assert LINKS.open(old_token).document_id == document
    assert LINKS.url(organization, document, 0) == after.url(organization, document, 0)
    with pytest.raises(InvalidLink):
        after.open(old_token)


def test_a_strangers_key_opens_nothing() -> None:
    token = token_of(SigningLinks([STRANGE], "https://sign.example.com").url(uuid4(), uuid4(), 0))
    with pytest.raises(InvalidLink):
        LINKS.open(token)


@given(st.data())
def test_a_token_with_any_other_character_is_invalid(data: st.DataObject) -> None:
    token = token_of(LINKS.url(UUID(int=1), UUID(int=2), 3))
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda character: character != token[position]))
    with pytest.raises(InvalidLink):
        LINKS.open(token[:position] + other + token[position + 1 :])


def test_a_signature_has_one_spelling() -> None:
    """The last character of the base64 leaves two bits unused, so four characters decode to the same bytes."""
    token = token_of(LINKS.url(UUID(int=1), UUID(int=2), 3))
    for other in set(ALPHABET) - {token[-1]}:
        with pytest.raises(InvalidLink):
            LINKS.open(token[:-1] + other)


@given(st.one_of(st.text(), st.text(alphabet=ALPHABET, min_size=94, max_size=94)))
def test_any_text_is_invalid_and_nothing_worse(token: str) -> None:
    with pytest.raises(InvalidLink):
        LINKS.open(token)


@pytest.mark.parametrize("token", ["", ".", "." * 94, "\ud800" * 94, "\0" * 94, "=" * 94, "a" * 1_000_000, "é" * 94])
def test_odd_tokens_are_invalid(token: str) -> None:
    with pytest.raises(InvalidLink):
        LINKS.open(token)


@pytest.mark.parametrize("content", [b"\x02" + bytes(36), b"\x00" + bytes(36)])
def test_another_version_is_invalid_although_signed(content: bytes) -> None:
    signer = LINKS._signer
    assert isinstance(signer, Signer)
    token = signer.sign(urlsafe_b64encode(content).rstrip(b"=")).decode()
    with pytest.raises(InvalidLink):
        LINKS.open(token)


def test_the_first_version_is_what_the_version_test_varies() -> None:
    token = LINKS._signer.sign(urlsafe_b64encode(b"\x01" + bytes(36)).rstrip(b"=")).decode()
    assert LINKS.open(token) == SigningLink(UUID(int=0), UUID(int=0), 0)


@pytest.mark.parametrize("keys", [[], "x" * 40])
def test_no_list_of_keys_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one secret key"):
        SigningLinks(keys, "https://sign.example.com")


def test_a_short_key_is_refused_without_being_told() -> None:
    with pytest.raises(ValueError, match="secret key 2 is shorter than 32 characters") as refusal:
        SigningLinks([NEW, "hush-hush"], "https://sign.example.com")
    assert "hush" not in str(refusal.value)


def test_representations_show_no_key() -> None:
    assert NEW not in repr(LINKS)
    assert OLD not in str(LINKS)
