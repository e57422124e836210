import io
import json
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from support.evidence import BODY, history, signed_evidence
from support.pkcs12 import Authority, rsa_key

from bulksend.delivery.template_markdown import MAX_BODY_LENGTH
from bulksend.evidence import seal as sealing
from bulksend.evidence import sealed_pdf
from bulksend.evidence.certificates import load_certificate
from bulksend.evidence.errors import VerificationFailed
from bulksend.evidence.evidence_file import Evidence, linked
from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey
from bulksend.evidence.verification import check_evidence, verify_pdf
from bulksend.evidence.verification_report import event_lines, findings


@pytest.fixture(scope="module")
def unsealed() -> bytes:
    return render_pdf(signed_evidence())


@pytest.fixture(scope="module")
def sealed(sealer: Sealer, unsealed: bytes) -> bytes:
    return sealer.seal(unsealed)


def refusal(data: bytes, **options: Any) -> str:
    with pytest.raises(VerificationFailed) as raised:
        verify_pdf(data, **options)
    return str(raised.value)


def edited(pdf: bytes, edit: Callable[[pikepdf.Pdf], Any], **saving: Any) -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        edit(document)
        document.save(written, **({"force_version": "1.7"} | saving))
    return written.getvalue()


def attach(name: str, content: bytes) -> Callable[[pikepdf.Pdf], None]:
    def edit(document: pikepdf.Pdf) -> None:
        document.attachments[name] = pikepdf.AttachedFileSpec(document, content)

    return edit


def test_a_sealed_pdf_holds(sealed: bytes, sealing_key: SealingKey) -> None:
    verified = verify_pdf(sealed)
    assert verified.evidence == signed_evidence()
    assert verified.seal.fingerprint == sealing_key.certificate.sha256.hex()
    assert not verified.seal.is_trusted


def test_what_it_proves_is_said_in_plain_words(sealed: bytes) -> None:
    verified = verify_pdf(sealed)
    said = "\n".join(findings(verified))
    for words in (
        "no byte of the file was changed",
        "TEST KEY",
        "The chain of 3 events is intact",
        "document 3 of 5",
        "as signed",
    ):
        assert words in said
    assert event_lines(verified.evidence)[2].startswith(
        "3. 2026-11-25T10:00:03.250Z  Signed as “Zoë Müller” (signer, 203.0.113.7"
    )


def test_the_largest_template_holds(sealer: Sealer) -> None:
    evidence = signed_evidence("x" * MAX_BODY_LENGTH)
    assert verify_pdf(sealer.seal(render_pdf(evidence))).evidence == evidence


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_flipped_bit_anywhere_is_told(sealed: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    refusal(bytes(changed))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_flipped_bit_in_the_signature_is_told(sealed: bytes, unsealed: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(sealed.index(b"/Contents <", len(unsealed)), len(sealed) - 1))
    changed = bytearray(sealed)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    refusal(bytes(changed))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_cut_short_is_told(sealed: bytes, data: st.DataObject) -> None:
    refusal(sealed[: data.draw(st.integers(0, len(sealed) - 1))])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a PDF"),
        (b"MZ\x90\x00", "not a PDF"),
        (b"%PDF-1.4\n%%EOF", "not a PDF 1.7"),
        (b"%PDF-1.7\n", "cannot be read"),
        (b"%PDF-1.7\n" + b"<<" * 100_000, "cannot be read"),
        (b"%PDF-1.7\nstartxref\n9\n%%EOF", "cannot be read"),
    ],
)
def test_what_is_no_pdf_is_refused(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


@given(st.binary(max_size=300))
def test_nonsense_is_refused(nonsense: bytes) -> None:
    refusal(nonsense)
    refusal(b"%PDF-1.7\n" + nonsense)


def test_a_huge_file_is_refused(monkeypatch: pytest.MonkeyPatch, sealed: bytes) -> None:
    monkeypatch.setattr(sealed_pdf, "MAX_SIZE", len(sealed) - 1)
    assert "larger than" in refusal(sealed)


def test_an_unsealed_file_is_refused(unsealed: bytes) -> None:
    assert refusal(unsealed) == "The PDF carries no seal."


def test_an_encrypted_file_is_refused(unsealed: bytes) -> None:
    encrypted = edited(unsealed, lambda document: None, encryption=pikepdf.Encryption(owner="a", user="", R=4))
    assert "encrypted" in refusal(encrypted)


def test_bytes_after_the_seal_are_told(sealed: bytes) -> None:
    assert "does not cover the whole file" in refusal(sealed + b"\n")


def test_an_update_after_the_seal_is_told(sealed: bytes) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    writer.root["/PageMode"] = NameObject("/UseNone")
    writer.update_root()  # type: ignore[no-untyped-call]
    updated = io.BytesIO()
    writer.write(updated)  # type: ignore[no-untyped-call]
    assert "does not cover the whole file" in refusal(updated.getvalue())


def test_several_signatures_are_refused(unsealed: bytes, sealing_key: SealingKey) -> None:
    signer = sealing._KeptKeySigner(sealing_key)
    for field in ("First", "Second"):
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        signed = io.BytesIO()
        PdfSigner(metadata, signer=signer).sign_pdf(sealing._Pdf17Writer(io.BytesIO(unsealed)), output=signed)
        unsealed = signed.getvalue()
    assert "carries 2 signatures" in refusal(unsealed)


def test_a_missing_attachment_is_told(sealer: Sealer, unsealed: bytes) -> None:
    stripped = edited(unsealed, lambda document: document.attachments.pop("evidence.json"))
    assert "must have evidence.json attached" in refusal(sealer.seal(stripped))


def test_a_second_attachment_is_told(sealer: Sealer, unsealed: bytes) -> None:
    for name in ("other.json", "evidence2.json"):
        assert "and nothing else" in refusal(sealer.seal(edited(unsealed, attach(name, b"{}"))))


def test_an_attachment_named_twice_is_told(sealer: Sealer, unsealed: bytes) -> None:
    def twice(document: pikepdf.Pdf) -> None:
        names = document.Root.Names.EmbeddedFiles.Names
        document.Root.Names.EmbeddedFiles.Names = pikepdf.Array([*names.as_list(), *names.as_list()])

    assert "once" in refusal(sealer.seal(edited(unsealed, twice)))


def test_a_bomb_is_not_unpacked(sealer: Sealer, unsealed: bytes) -> None:
    bomb = edited(unsealed, attach("evidence.json", b" " * 100_000_000), compress_streams=True, recompress_flate=True)
    assert "cannot be read" in refusal(sealer.seal(bomb))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" ", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "malformed"),
        (b"{}", "Field required"),
        (b'{"format":"a","format":"b"}', "same name"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_a_malformed_attachment_is_told(sealer: Sealer, unsealed: bytes, content: bytes, reason: str) -> None:
    told = refusal(sealer.seal(edited(unsealed, attach("evidence.json", content))))
    assert told.startswith("evidence.json is malformed")
    assert reason in told


def changed(path: str, value: Any) -> Evidence:
    """Return the evidence with one member changed and nothing else adapted."""
    data = json.loads(signed_evidence().to_json())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = data
    for part in parents:
        target = target[part]
    target[last] = value
    return Evidence.from_json(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("events.0.event.ip", "203.0.113.8", "broken at event 1"),
        ("events.1.event.time", "2026-11-25T10:00:02.001Z", "broken at event 2"),
        ("events.2.event.details", {}, "broken at event 3"),
        ("events.2.hash", "00" * 32, "broken at event 3"),
        ("events.1.event.sequence", 3, "broken at event 2: its sequence number is 3"),
        ("document.template_sha256", "00" * 32, "broken at event 1"),
        ("document.signer_index", 1, "broken at event 1"),
        ("bulk_send.merkle_root", "00" * 32, "not one of its bulk send"),
        ("bulk_send.merkle_proof.0", "00" * 32, "not one of its bulk send"),
        ("bulk_send.merkle_proof", [], "no place in its bulk send: the proof is too short"),
        ("bulk_send.size", 2, "no place in its bulk send"),
        ("content.title", "Another", "not the one that was signed"),
        ("content.nodes", [], "not the one that was signed"),
    ],
)
def test_evidence_that_does_not_fit_is_told(path: str, value: Any, reason: str) -> None:
    with pytest.raises(VerificationFailed, match=reason):
        check_evidence(changed(path, value))


def test_signing_another_text_is_told() -> None:
    evidence = signed_evidence()
    events = linked(evidence.document, history("Zoë Müller", "00" * 32, {}))
    with pytest.raises(VerificationFailed, match="not the one that was signed"):
        check_evidence(evidence.model_copy(update={"events": events}))


def test_evidence_that_was_changed_before_sealing_is_told(sealer: Sealer) -> None:
    broken = changed("events.0.event.ip", "203.0.113.8")
    assert "broken at event 1" in refusal(sealer.seal(render_pdf(broken)))


def test_a_given_certificate_is_demanded(sealed: bytes, sealing_key: SealingKey) -> None:
    assert verify_pdf(sealed, sealing_key.certificate).seal.is_trusted
    assert "does not certify it" in refusal(sealed, trusted=load_certificate(Authority().pem))


def test_an_authority_certifies_the_seal(unsealed: bytes) -> None:
    authority = Authority()
    certified = Sealer(SealingKey.from_pkcs12(authority.pkcs12(rsa_key()), "test")).seal(unsealed)
    assert verify_pdf(certified, load_certificate(authority.pem)).seal.is_trusted
    assert "certifies this seal" in "\n".join(findings(verify_pdf(certified, load_certificate(authority.pem))))
    assert "Nobody vouches" in "\n".join(findings(verify_pdf(certified)))
    assert "does not certify it" in refusal(certified, trusted=load_certificate(Authority().pem))


def test_what_the_file_says_of_itself_is_not_believed(sealer: Sealer) -> None:
    """An evidence file of another document does not pass for this one's."""
    other = signed_evidence(BODY, index=1)
    assert other.document.leaf_hash() != signed_evidence().document.leaf_hash()
    mixed = other.model_copy(update={"bulk_send": signed_evidence().bulk_send})
    assert "not one of its bulk send" in refusal(sealer.seal(render_pdf(mixed)))
