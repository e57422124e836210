"""A template body with every kind of field, and a parser of its HTML."""

from html.parser import HTMLParser

AGREEMENT = """\
# Agreement with {{ values.company }}

**{{signer.name}}** (`{{ signer.email }}`), *{{values.my_role_1}}* of {{ values.company }}:

| item | price |
|:-----|------:|
| {{ values.company }} | {{ values._price }} |

- see [our *terms*](https://example.com/terms?a=1&b=2) or <mailto:legal@example.com>

```python
print("{{ values.my_role_1 }}")
```
"""
AGREEMENT_FIELDS = ("company", "my_role_1", "_price")


class Parsed(HTMLParser):
    """Collects the tags with their attributes, and the texts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append((f"!{data}", ()))
