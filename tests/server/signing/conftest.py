"""The tests of this folder share a gateway, unless they open one of their own."""

import pytest
from support.gateway import RunningGateway


@pytest.fixture
def gateway(reading_gateway: RunningGateway) -> RunningGateway:
    return reading_gateway
