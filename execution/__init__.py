"""Compiled execution: what graphql-core's executor gives, in a fraction of its time.

    from bulksend.execution import execute

    result = execute(schema, document, variable_values=…, context_value=…)   # await it if it is awaitable

graphql-core decides anew for every field of every object what to call, how to coerce its arguments, what to do with
what came back. All of that follows from the schema and the document. So each operation of a document is made into
Python functions once, one for each selection set, and executing it is calling them: an attribute is read, checked by
its class and put into a dictionary, a resolver is called directly with arguments that are there already. `selection`
shows what such a function looks like.

How a request goes
    executing    `execute`: finds the plan, coerces the variables, runs, or hands everything to graphql-core
    plans        the plans there are, bounded in number and size, the least recently used given up first
    plan         one operation, compiled: its fields are collected by graphql-core's own functions
    selection    the function that makes one object, as Python source
    calling      how a field's value is got: attribute, direct call, or as graphql-core calls it
    arguments    a field's arguments, worked out once when constant, else once a request
    coercion     variables, by functions written for their types
    alike        lists of input objects that have the same fields given
    completion   what stands in the response for a value: leaves, objects, interfaces, unions
    lists        the same for the items of lists, also asynchronous ones
    columns      lists of objects that hold plain values: all their values of one field at once
    rows         lists of objects that dress rows: each is one expression over its row's columns
    remembered   what stands in the response for a column's value
    leaves       writing many leaf values at once
    run          one execution: its errors and what it still awaits
    settling     waiting, with everything completed as it comes and siblings never held back
    position     where a value stands, for errors and `info.path`
    info         what resolvers are told
    background   what was begun and is not wanted any more

Every private name of Strawberry and graphql-core that is used is in `schema.borrowed`.

What is compiled: queries and mutations with aliases, fragments, interfaces, unions, `@skip` and `@include` (a plan for
each combination of their variables, at most 16), defaults, lists of lists, custom scalars, synchronous, asynchronous
and mixed resolvers, on schemas of Strawberry or of graphql-core alone. What graphql-core executes instead, decided
before anything has been called: introspection, subscriptions, `@defer` and `@stream`, directives on the operation,
operations with more than 2,000 fields, middleware, and any unusual option of `execute`. `counts` has how many there
were of either.

What holds
    - Data, errors, their paths and locations are graphql-core's. graphql-core is the oracle of the tests: thousands of
      generated documents, and its own tests of execution, run on both.
    - No resolver is called twice. An error is handled where it happens; there is no second try by another executor.
      What `columns` read before they found something unusual is read again: attributes, and what `schema.dressing` and
      `schema.at_hand` declare to have no effects.
    - Every coroutine that a resolver gives is awaited, also when null takes its place: it ends in the background.
    - What comes in one turn of the event loop is completed in one turn, so loaders batch as they do under graphql-core.
    - Variables that a compiled function does not recognise at once are coerced by graphql-core, with its messages.

What differs, as the specification lets it
    - Errors come in another order. When several asynchronous fields fail below one non-null parent, the first one is
      told and the others are not, as in GraphQL.js; graphql-core may tell more.
    - A schema must not be changed once it has been executed on.
    - An object whose class is exactly that of its Strawberry type is taken to be of that type, without `is_type_of`:
      so an instance that `strawberry.cast` gave another type is not refused where its own type is expected.
    - Under Strawberry, `info` has the attributes of graphql-core's named tuple and is none; it is made up as far as it
      is read. It also has `notes`, which live as long as the plan.
"""

from bulksend.execution.executing import distrust, execute
from bulksend.execution.plans import counts

__all__ = ["counts", "distrust", "execute"]
