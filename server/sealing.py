"""The sealing key of a process, read from the file in the settings."""

from pathlib import Path
from typing import Final

from bulksend.delivery.sealing.processes import SealingOptions
from bulksend.evidence.sealing_key import InvalidSealingKey, SealingKey, make_test_key
from bulksend.server.settings import Settings, SettingsError

TEST_KEY_PASSWORD: Final = "test"  # noqa: S105  # of a key that seals nothing of value


def demand_sealing_key(settings: Settings) -> None:
    """Raise `SettingsError` if there is no key, unless sealing is switched off by name."""
    if settings.sealing == "on" and settings.sealing_key is None:
        raise SettingsError("BULKSEND_SEALING_KEY: must be set (a PKCS#12 file), or BULKSEND_SEALING=off")


def sealing_options(settings: Settings) -> SealingOptions | None:
    """Return the options of sealing; None if it is disabled or has no key. Raise `SettingsError` for an invalid key."""
    if settings.sealing == "off" or settings.sealing_key is None:
        return None
    try:
        pkcs12 = settings.sealing_key.read_bytes()
        SealingKey.from_pkcs12(pkcs12, settings.sealing_key_password)
    except OSError as error:
        raise SettingsError(f"BULKSEND_SEALING_KEY: the file cannot be read ({error.strerror})") from None
    except InvalidSealingKey as error:
        raise SettingsError(f"BULKSEND_SEALING_KEY: {error}") from None
    return SealingOptions(pkcs12, settings.sealing_key_password, settings.sealing_timestamp_url)


def with_test_key(settings: Settings) -> Settings:
    """Return settings with a test key in the data folder, created if necessary; unchanged if they have a key."""
    if settings.sealing == "off" or settings.sealing_key is not None:
        return settings
    path = settings.data_dir / "test_sealing_key.p12"
    if not path.exists():
        _write_privately(path, make_test_key(TEST_KEY_PASSWORD))
    return settings.model_copy(update={"sealing_key": path, "sealing_key_password": TEST_KEY_PASSWORD})


def _write_privately(path: Path, content: bytes) -> None:
    """Write a file atomically, readable by its owner alone."""
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(content)
    unfinished.replace(path)
