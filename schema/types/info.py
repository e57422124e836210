"""What every resolver is handed."""

from typing import TypeAlias

import strawberry

from bulksend.resolvers.context import Context

Info: TypeAlias = strawberry.Info[Context, None]
