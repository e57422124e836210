"""Compiled execution (being written): `execute` is graphql-core's, faster."""

from bulksend.schema.execution.executing import distrust, execute
from bulksend.schema.execution.plans import counts

__all__ = ["counts", "distrust", "execute"]
