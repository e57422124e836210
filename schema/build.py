"""The schema, put together."""

from datetime import datetime

import strawberry
from strawberry.schema.config import StrawberryConfig

from bulksend.schema.errors import CallerErrors
from bulksend.schema.mutation import Mutation
from bulksend.schema.operations import OperationRules
from bulksend.schema.query import Query
from bulksend.schema.scalars import DATE_TIME
from bulksend.schema.subscription import Subscription
from bulksend.schema.viewer import ApiKey, Organization


class Schema(strawberry.Schema):
    """Strawberry's schema; errors are logged where they are presented, and not a second time."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing."""


def build_schema() -> Schema:
    """Build the schema once a process."""
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Organization, ApiKey],
        extensions=[CallerErrors, OperationRules],
        config=StrawberryConfig(scalar_map={datetime: DATE_TIME}),
    )
