"""What the API is, for whoever opens its documentation."""

from typing import Final

DESCRIPTION: Final = """
Bulksend sends one template to up to 500 signers in one call. Each signer gets a document and a signing link of their
own by mail.

- **Send**: `createBulkSend` stores everything or nothing; with an `idempotencyKey` a repeated call sends nothing twice.
- **Watch**: subscribe to `bulkSend(id:)`, or read `bulkSends` and `documents`. Each delivery has a status and, if it
  failed, the mail server's reply.
- **Correct**: `retryBulkSend`, `cancelBulkSend` and `deleteBulkSend`.

Authenticate with `Authorization: Bearer isk_…`; a WebSocket sends the same value as `authorization` in
`connectionParams`. Mutations report expected failures in `userErrors`. One bulk send per organization is accepted every
5 minutes; `rateLimit` returns when the next one is.
""".strip()


def with_description(sdl: str) -> str:
    """Return the SDL with a schema definition that carries the description."""
    roots = "  query: Query\n  mutation: Mutation\n  subscription: Subscription\n"
    return f'"""\n{DESCRIPTION}\n"""\nschema {{\n{roots}}}\n\n{sdl}'
