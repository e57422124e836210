"""Certificates as files and as pyHanko takes them."""

from __future__ import annotations

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization


def load_certificate(data: bytes) -> asn1_x509.Certificate:
    """Parse a certificate, PEM or DER. Raise ValueError if it is none."""
    is_pem = data.lstrip().startswith(b"-----BEGIN")
    return to_asn1(x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data))


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Return the same certificate as an object of asn1crypto."""
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
