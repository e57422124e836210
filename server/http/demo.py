"""What pages may show of the demo of `bulksend dev`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demo:
    """The key's text, the id of the template without values, and the id of the demo bulk send if there is one."""

    key: str
    template_id: str
    bulk_send_id: str | None = None
