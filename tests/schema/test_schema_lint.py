"""The written schema passes graphql-eslint, and everything in it has a description."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLNamedType, GraphQLObjectType
from support.node_project import run_node

import bulksend.schema
from bulksend.schema.build import build_schema

WRITTEN: Final = Path(bulksend.schema.__path__[0]).resolve() / "schema.graphql"
BUILT: Final = build_schema().subgraph._schema  # a superset of the public schema


async def test_the_rules_for_schemas_and_for_relay_pass() -> None:
    linted = await run_node("lint.mjs", str(WRITTEN))
    assert linted.output == ""
    assert linted.status == 0


async def test_the_rules_find_what_is_wrong(tmp_path: Path) -> None:
    text = WRITTEN.read_text("utf-8").replace(
        '  """Opaque position in this list, valid with the same filters only."""\n', ""
    )
    changed = tmp_path / "schema.graphql"
    changed.write_text(text.replace("hasNextPage", "hasMore").replace("sentCount", "sent_count"))
    linted = await run_node("lint.mjs", str(changed))
    for rule in ("require-description", "relay-page-info", "naming-convention"):
        assert f"@graphql-eslint/{rule}" in linted.output
    assert linted.status == 1


def test_everything_is_described() -> None:
    kinds = [kind for name, kind in BUILT.type_map.items() if not name.startswith("__")]
    assert [where for kind in kinds for where, description in described(kind) if not description] == []


def described(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Yield the coordinate and description of a type and of everything in it."""
    yield kind.name, kind.description
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{kind.name}.{name}({argument_name}:)", argument.description
        case GraphQLInputObjectType():
            for name, input_field in kind.fields.items():
                yield f"{kind.name}.{name}", input_field.description
        case GraphQLEnumType():
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.description
