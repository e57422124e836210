"""A mailer that sends to the scripted SMTP server."""

from collections.abc import AsyncIterator

import pytest
from support.smtp.mailers import mailer_to
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.delivery.smtp.mailer import Mailer


@pytest.fixture
async def mailer(sink: SmtpSink) -> AsyncIterator[Mailer]:
    mailer = mailer_to(sink)
    yield mailer
    await mailer.close()


@pytest.fixture
async def closed_circuit(pool: Pool) -> AsyncIterator[None]:
    """Close the circuit for the next test."""
    yield
    await pool.execute("DELETE FROM smtp_circuit")
