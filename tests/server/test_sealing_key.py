"""The sealing key of a process: required, checked at the start, and generated for `dev`."""

from pathlib import Path

import pytest
from support.pkcs12 import Authority, rsa_key

from bulksend.evidence.sealing_key import SealingKey
from bulksend.server.sealing import demand_sealing_key, sealing_options, with_test_key
from bulksend.server.settings import Settings, SettingsError


def key_file(folder: Path) -> Path:
    file = folder / "seal.p12"
    file.write_bytes(Authority().pkcs12(rsa_key()))
    return file


def test_without_a_key_sealing_must_be_switched_off_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^BULKSEND_SEALING_KEY: must be set \(.*\), or BULKSEND_SEALING=off$"):
        demand_sealing_key(Settings.read())
    demand_sealing_key(Settings.read(sealing="off"))
    demand_sealing_key(Settings.read(sealing_key=key_file(tmp_path)))


def test_a_key_is_read(tmp_path: Path) -> None:
    settings = Settings.read(
        sealing_key=key_file(tmp_path), sealing_key_password="test", sealing_timestamp_url="http://tsa.example.com/?a=b"
    )
    options = sealing_options(settings)
    assert options
    assert (options.password, options.timestamp_url) == ("test", "http://tsa.example.com/?a=b")
    assert "test" not in repr(options)
    assert "test" not in repr(settings.model_copy(update={"sealing_key": None}))


def test_nothing_is_read_when_sealing_is_off(tmp_path: Path) -> None:
    assert sealing_options(Settings.read(sealing="off", sealing_key=tmp_path / "missing.p12")) is None
    assert sealing_options(Settings.read()) is None


def test_a_key_that_cannot_be_used_is_told_at_start(tmp_path: Path) -> None:
    for path, password, reason in [
        (tmp_path / "missing.p12", "test", "the file cannot be read (No such file or directory)"),
        (tmp_path, "test", "the file cannot be read (Is a directory)"),
        (key_file(tmp_path), "hush", "is no PKCS#12 file, or the password is wrong"),
    ]:
        with pytest.raises(SettingsError) as refusal:
            sealing_options(Settings.read(sealing_key=path, sealing_key_password=password))
        assert str(refusal.value) == f"BULKSEND_SEALING_KEY: {reason}"


def test_dev_makes_a_test_key_once(tmp_path: Path) -> None:
    settings = with_test_key(Settings.read(data_dir=tmp_path))
    assert settings.sealing_key
    made = settings.sealing_key.read_bytes()
    assert SealingKey.from_pkcs12(made, settings.sealing_key_password).is_test_key
    assert settings.sealing_key.stat().st_mode & 0o077 == 0
    again = with_test_key(Settings.read(data_dir=tmp_path))
    assert again.sealing_key
    assert again.sealing_key.read_bytes() == made


def test_dev_keeps_a_key_that_is_given(tmp_path: Path) -> None:
    settings = Settings.read(data_dir=tmp_path, sealing_key=key_file(tmp_path))
    assert with_test_key(settings) == settings
    assert with_test_key(Settings.read(data_dir=tmp_path, sealing="off")).sealing_key is None
