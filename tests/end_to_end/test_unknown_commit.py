"""A commit whose answer is lost: the table tells what happened, and so does the call."""

from cutting_proxy import Cut, cutting_proxy, through
from gateway import CREATE, Sending, Tenant, create, running_gateway
from smtp_sink import SmtpSink

from bulksend.db.pool import Pool


async def test_what_was_committed_is_told_as_such(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        proxy.cut = Cut.AFTER_COMMIT
        payload = await create(gateway, tenant, 3, idempotencyKey="k")
        assert proxy.cuts == 1
        assert payload["userErrors"] == []
        assert not payload["replayed"]
        assert payload["bulkSend"]["sentCount"] == 3
        assert (await create(gateway, tenant, 3, idempotencyKey="k"))["replayed"]
    assert len(sink.mails) == 3


async def test_what_was_not_committed_is_an_error_and_leaves_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        proxy.cut = Cut.BEFORE_COMMIT
        reply = await gateway.ask(tenant, CREATE, Sending(tenant, 3, {"idempotencyKey": "k"}).variables)
        assert proxy.cuts == 1
        assert reply.error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert reply.error["extensions"]["requestId"] in reply.error["message"]
        assert reply.body["data"] == {"createBulkSend": None}
        assert await pool.fetchval("SELECT count(*) FROM bulk_sends") == 0

        again = await create(gateway, tenant, 3, idempotencyKey="k")
        assert not again["replayed"]
        assert again["bulkSend"]["sentCount"] == 3
