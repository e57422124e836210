"""Documents of a schema as hypothesis-graphql finds them."""

from graphql import DocumentNode, GraphQLSchema, build_schema, print_schema
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

_SCALARS = {
    "DateTime": st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02", "soon"]).map(nodes.String),
    "Date": st.sampled_from(["2026-01-02", "soon"]).map(nodes.String),
    "UUID": st.sampled_from(["00000000-0000-0000-0000-000000000001", "none"]).map(nodes.String),
    "Decimal": st.sampled_from(["1.10", "much"]).map(nodes.String),
    "Odd": st.sampled_from([1, 3, 2]).map(nodes.Int),
    "JSON": st.sampled_from(["text", ""]).map(nodes.String),
}


def documents(schema: GraphQLSchema, *, mutating: bool = True) -> st.SearchStrategy[DocumentNode]:
    """Give documents of one operation."""
    printed = build_schema(print_schema(schema))
    scalars = {name: made for name, made in _SCALARS.items() if name in printed.type_map}
    found = queries(printed, custom_scalars=scalars, print_ast=_as_it_is)
    if printed.mutation_type is None or not mutating:
        return found
    return found | found | mutations(printed, custom_scalars=scalars, print_ast=_as_it_is)


def _as_it_is(document: DocumentNode) -> DocumentNode:
    return document
