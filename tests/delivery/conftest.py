"""A mailer that sends to the scripted SMTP server."""

from collections.abc import AsyncIterator

import pytest
from mailing import mailer_to
from smtp_sink import SmtpSink

from bulksend.delivery.smtp import Mailer


@pytest.fixture
async def mailer(sink: SmtpSink) -> AsyncIterator[Mailer]:
    mailer = mailer_to(sink)
    yield mailer
    await mailer.close()
