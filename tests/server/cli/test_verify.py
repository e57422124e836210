from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.evidence import signed_evidence
from support.pkcs12 import Authority, rsa_key

from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey
from bulksend.server.cli.main import main


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def sealer(authority: Authority) -> Sealer:
    return Sealer(SealingKey.from_pkcs12(authority.pkcs12(rsa_key()), "test"))


def verify(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


def sealed_file(folder: Path, sealer: Sealer, name: str = "Zoë Müller") -> Path:
    file = folder / "sealed.pdf"
    file.write_bytes(sealer.seal(render_pdf(signed_evidence(name=name))))
    return file


def test_a_sealed_pdf(tmp_path: Path, sealer: Sealer) -> None:
    ended = verify(sealed_file(tmp_path, sealer))
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "The seal is intact" in ended.stdout
    assert "\nEvents\n1. 2026-11-25T10:00:01.250Z  Opened the document" in ended.stdout


def test_a_given_certificate(tmp_path: Path, sealer: Sealer, authority: Authority) -> None:
    file, certificate = sealed_file(tmp_path, sealer), tmp_path / "authority.pem"
    certificate.write_bytes(authority.pem)
    assert verify(file, "--certificate", certificate).exit_code == 0
    certificate.write_bytes(Authority().pem)
    ended = verify(file, "--certificate", certificate)
    assert ended.exit_code == 1
    assert "does not certify it" in ended.stderr


def test_a_changed_file(tmp_path: Path, sealer: Sealer) -> None:
    file = sealed_file(tmp_path, sealer)
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)
    ended = verify(file)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: The PDF ")
    assert len(ended.stderr.splitlines()) == 1


def test_wrong_usage(tmp_path: Path) -> None:
    no_certificate = tmp_path / "certificate.pem"
    no_certificate.write_text("-----BEGIN CERTIFICATE-----")
    for arguments in ((), (tmp_path / "missing.pdf",), (tmp_path,), (no_certificate, "--certificate", no_certificate)):
        ended = verify(*arguments)
        assert (ended.exit_code, ended.stdout) == (2, "")


def test_what_a_file_says_cannot_steer_the_terminal(tmp_path: Path, sealer: Sealer) -> None:
    ended = verify(sealed_file(tmp_path, sealer, name="Ada \x1b[31m\u202etxt"))
    assert ended.exit_code == 0
    assert "Signed as “Ada \ufffd[31m\ufffdtxt”" in ended.stdout
    assert "\x1b" not in ended.stdout
