"""A mailer that sends to the scripted SMTP server."""

from collections.abc import AsyncIterator

import pytest
from support.smtp.mailers import mailer_to
from support.smtp.sink import SmtpSink

from bulksend.delivery.smtp.mailer import Mailer


@pytest.fixture
async def mailer(sink: SmtpSink) -> AsyncIterator[Mailer]:
    mailer = mailer_to(sink)
    yield mailer
    await mailer.close()
