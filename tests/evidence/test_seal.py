import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import PdfSignatureStatus, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from support.evidence import signed_evidence
from support.pkcs12 import Authority, rsa_key
from support.poppler import poppler
from support.timestamping import timestamp_server

from bulksend.evidence.certificates import load_certificate
from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer, TimestampUnavailable
from bulksend.evidence.sealing_key import InvalidSealingKey, SealingKey, make_test_key
from bulksend.evidence.verification import verify_pdf


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_pdf(signed_evidence())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def checked(sealed: bytes, root: x509.Certificate) -> PdfSignatureStatus:
    signature = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0]
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))


def test_pyhanko_finds_the_seal_valid(sealer: Sealer, sealing_key: SealingKey, pdf: bytes) -> None:
    status = checked(sealer.seal(pdf), sealing_key.certificate)
    assert status.bottom_line
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.docmdp_ok


def test_poppler_finds_the_seal_valid(sealer: Sealer, pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pdf"
    file.write_bytes(sealer.seal(pdf))
    found = poppler("pdfsig", file)
    assert "Signature Validation: Signature is Valid." in found
    assert "Total document signed" in found
    assert "Signature Type: ETSI.CAdES.detached" in found


def test_poppler_tells_a_flipped_byte(sealer: Sealer, pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pdf"
    sealed = bytearray(sealer.seal(pdf))
    sealed[len(pdf) // 3] ^= 1
    file.write_bytes(sealed)
    assert "Signature Validation: Signature is Valid." not in poppler("pdfsig", file)


def test_the_seal_allows_no_change_and_keeps_the_version(sealer: Sealer, pdf: bytes) -> None:
    sealed = sealer.seal(pdf)
    assert sealed.startswith(pdf)
    reader = PdfFileReader(io.BytesIO(sealed))
    signature = reader.embedded_signatures[0]
    assert (signature.field_name, signature.docmdp_level) == ("Seal", MDPPerm.NO_CHANGES)
    assert "/Version" not in reader.root or reader.root["/Version"] == "/1.7"


def test_one_sealer_seals_many(sealer: Sealer, sealing_key: SealingKey, pdf: bytes) -> None:
    assert all(checked(sealer.seal(pdf), sealing_key.certificate).bottom_line for _ in range(3))


def test_a_certified_key_with_its_chain(authority: Authority, pdf: bytes) -> None:
    key = SealingKey.from_pkcs12(authority.pkcs12(rsa_key(4096)), "test")
    assert checked(Sealer(key).seal(pdf), load_certificate(authority.pem)).bottom_line
    assert (key.name, key.is_test_key) == ("Common Name: Vendor Ltd", False)


def test_an_ec_key(authority: Authority, pdf: bytes) -> None:
    key = SealingKey.from_pkcs12(authority.pkcs12(ec.generate_private_key(ec.SECP384R1())), "test")
    assert checked(Sealer(key).seal(pdf), load_certificate(authority.pem)).bottom_line


def test_a_timestamp_makes_it_b_t(authority: Authority, sealing_key: SealingKey, pdf: bytes) -> None:
    stamping = SealingKey.from_pkcs12(authority.pkcs12(rsa_key(), timestamps=True, name="Test timestamps"), "test")
    with timestamp_server(stamping) as url:
        sealed = Sealer(sealing_key, url).seal(pdf)
    seal = verify_pdf(sealed).seal
    assert seal.timestamp_authority == "Common Name: Test timestamps"
    assert seal.timestamped_at is not None
    assert abs(seal.timestamped_at - datetime.now(UTC)) < timedelta(minutes=5)
    context = ValidationContext(trust_roots=[sealing_key.certificate, load_certificate(authority.pem)])
    status = validate_pdf_signature(PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0], context)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted


def test_without_timestamp_nothing_is_sealed(authority: Authority, sealing_key: SealingKey, pdf: bytes) -> None:
    stamping = SealingKey.from_pkcs12(authority.pkcs12(rsa_key(), timestamps=True), "test")
    with timestamp_server(stamping, status=503) as url, pytest.raises(TimestampUnavailable):
        Sealer(sealing_key, url).seal(pdf)
    with pytest.raises(TimestampUnavailable):
        Sealer(sealing_key, url).seal(pdf)  # the server has stopped


def test_a_test_key_says_so() -> None:
    key = SealingKey.from_pkcs12(make_test_key("secret", bits=2048), "secret")
    assert key.is_test_key
    assert "test key" in key.name


@pytest.mark.parametrize(
    ("data", "password", "reason"),
    [
        (b"", "test", "no PKCS#12 file, or the password is wrong"),
        (b"-----BEGIN CERTIFICATE-----", None, "no PKCS#12 file, or the password is wrong"),
        (make_test_key("test", bits=2048), "other", "the password is wrong"),
        (make_test_key("test", bits=2048), None, "the password is wrong"),
        (Authority().pkcs12(rsa_key(1024)), "test", "at least 2048 bits"),
        (
            Authority().pkcs12(ed25519.Ed25519PrivateKey.generate()),
            "test",
            "an RSA key of at least 2048 bits or an EC key",
        ),
        (Authority().pkcs12(rsa_key(), life=timedelta(days=-1)), "test", "not valid now"),
    ],
)
def test_keys_that_cannot_seal(data: bytes, password: str | None, reason: str) -> None:
    with pytest.raises(InvalidSealingKey, match=reason):
        SealingKey.from_pkcs12(data, password)


def test_a_key_is_not_printed(sealing_key: SealingKey) -> None:
    assert "private" not in repr(sealing_key)
