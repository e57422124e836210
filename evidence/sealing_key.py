"""The deployer's key and certificates, from a PKCS#12 file, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from bulksend.evidence.certificates import to_asn1

if TYPE_CHECKING:
    from asn1crypto import x509 as asn1_x509

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

TEST_KEY_NAME: Final = "Bulksend test key - not for real documents"
"""Common name of a certificate made by `make_test_key`."""

_MIN_RSA_BITS: Final = 2048
_TEST_KEY_BITS: Final = 2048
_TEST_KEY_LIFE: Final = timedelta(days=3650)


class InvalidSealingKey(ValueError):
    """A PKCS#12 file cannot be used to seal; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class SealingKey:
    """A private key with its certificate and those that certify it."""

    private_key: PrivateKey
    certificate: asn1_x509.Certificate
    issuers: tuple[asn1_x509.Certificate, ...]

    @property
    def name(self) -> str:
        """Subject of the certificate, such as `Common Name: Vendor Ltd`."""
        return str(self.certificate.subject.human_friendly)

    @property
    def is_test_key(self) -> bool:
        """Whether `make_test_key` made it."""
        return bool(self.certificate.subject.native.get("common_name") == TEST_KEY_NAME)

    @classmethod
    def from_pkcs12(cls, data: bytes, password: str | None) -> SealingKey:
        """Load a PKCS#12 file. Raise InvalidSealingKey."""
        try:
            loaded = pkcs12.load_pkcs12(data, password.encode() if password else None)
        except ValueError:
            raise InvalidSealingKey("is no PKCS#12 file, or the password is wrong") from None
        if loaded.key is None or loaded.cert is None:
            raise InvalidSealingKey("must hold a private key and its certificate")
        _check_validity(loaded.cert.certificate)
        others = (other.certificate for other in loaded.additional_certs)
        return cls(_usable(loaded.key), to_asn1(loaded.cert.certificate), tuple(map(to_asn1, others)))


def make_test_key(password: str, *, bits: int = _TEST_KEY_BITS) -> bytes:
    """Return a PKCS#12 file with a new RSA key and a certificate that it signs itself, named TEST_KEY_NAME."""
    key = rsa.generate_private_key(65537, bits)
    certificate = _self_signed(key, TEST_KEY_NAME, datetime.now(UTC))
    encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(TEST_KEY_NAME.encode(), key, certificate, None, encryption)


def _self_signed(key: rsa.RSAPrivateKey, common_name: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _TEST_KEY_LIFE)
        .add_extension(_signing_only(), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _check_validity(certificate: x509.Certificate) -> None:
    if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        raise InvalidSealingKey("holds a certificate that is not valid now")


def _usable(key: object) -> PrivateKey:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key
    raise InvalidSealingKey(f"must hold an RSA key of at least {_MIN_RSA_BITS} bits or an EC key")
