import pytest

from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey, make_test_key


@pytest.fixture(scope="session")
def sealing_key() -> SealingKey:
    return SealingKey.from_pkcs12(make_test_key("test"), "test")


@pytest.fixture(scope="session")
def sealer(sealing_key: SealingKey) -> Sealer:
    return Sealer(sealing_key)
