"""PKCS#12 files for tests: certified by an authority, with an EC key, expired."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


class Authority:
    """A certificate authority with one certificate."""

    def __init__(self, name: str = "Test authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self.certificate = (
            _builder(self.name, self.name, self.key, timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(certifies=True), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def pkcs12(
        self,
        key: PrivateKey,
        *,
        life: timedelta = timedelta(days=30),
        timestamps: bool = False,
        name: str = "Vendor Ltd",
    ) -> bytes:
        builder = _builder(_name(name), self.name, key, life).add_extension(_usage(certifies=False), critical=True)
        if timestamps:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        certificate = builder.sign(self.key, hashes.SHA256())
        return pkcs12.serialize_key_and_certificates(
            b"seal", key, certificate, [self.certificate], serialization.BestAvailableEncryption(b"test")
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey, life: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + life)
    )


def _usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not certifies, not certifies, False, False, False, certifies, certifies, False, False)
