"""Execute hundreds of documents with graphql-core and with our executor."""

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphql import DocumentNode, GraphQLSchema, NoUnusedVariablesRule, specified_rules, validate
from graphql import execute as execute_by_graphql_core
from hypothesis import HealthCheck, settings
from support.differential.comparing import differences
from support.differential.executions import Request, see
from support.differential.variations import Variation, Variator, parsed

from bulksend import execution

# Each document has several variations, and each variation several sets of variables.
EXAMPLES = int(os.environ.get("BULKSEND_DIFFERENTIAL_EXAMPLES", "0"))
VARIATIONS = 4
RULES = [rule for rule in specified_rules if rule is not NoUnusedVariablesRule]
TROUBLES = (0.0, 0.03, 0.03, 0.1, 0.3)
DELAYS = (0.0, 0.0, 0.3, 0.8)

Execute = Callable[..., Any]


def many(usually: int) -> settings:
    """Return the settings of a test: the same examples every time, unless their number is given."""
    return settings(
        max_examples=EXAMPLES or usually,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def variations(schema: GraphQLSchema, document: DocumentNode, seed: int) -> list[Variation]:
    """Return a strategy for valid variations of a document."""
    made = (Variator(schema, random.Random(f"{seed} {number}")).vary(document) for number in range(VARIATIONS))
    return [variation for variation in made if not validate(schema, parsed(variation), RULES)]


def check(request: Request, variation: Variation, seed: int, execute: Execute = execution.execute) -> None:
    """Execute a variation with each set of variables, then with the first again.

    The document is the same object each time, as in the gateway: the compiled plan must work for all of them.
    """
    dice = random.Random(f"{seed} worlds")
    request = replace(request, document=parsed(variation), operation_name=variation.operation_name)
    for variables in [*variation.variables, variation.variables[0]]:
        check_one(
            replace(
                request,
                variables=variables,
                seed=dice.randrange(1 << 30),
                trouble=dice.choice(TROUBLES),
                delay=dice.choice(DELAYS),
            ),
            variation.text,
            execute,
        )


def check_one(request: Request, text: str, execute: Execute = execution.execute) -> None:
    """Execute with both executors and compare."""
    found = differences(see(execute_by_graphql_core, request), see(execute, request))
    told = f"variables={request.variables!r} operation_name={request.operation_name!r}"
    world = f"seed={request.seed} trouble={request.trouble} delay={request.delay}"
    assert not found, "\n".join([text, told, world, *found])
