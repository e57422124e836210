"""The demo data of `bulksend dev` that pages may show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demo:
    """The text of the API key, the ID of the template without fields, and the ID of the demo bulk send or None."""

    key: str
    template_id: str
    bulk_send_id: str | None = None
