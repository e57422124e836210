"""Tuning of Python's garbage collection for long-running processes."""

import gc


def tune_garbage_collection() -> None:
    """Exempt all present objects from garbage collection, and keep each later collection short."""
    gc.callbacks.append(_exempt_what_is_left)
    gc.collect()
    # Python waits with a full collection for a quarter of what the last one left, which is nothing now.
    gc.collect()
    # A page of documents is thousands of objects, none of them in a cycle: with Python's own threshold of 700, looking
    # for cycles among them took 7–14 % of the time. A collection looks at some 25,000 objects at most, the old ones
    # included, so that none holds the event loop for 50 ms.
    gc.set_threshold(8_000, 0, 0)


def _exempt_what_is_left(phase: str, info: dict[str, int]) -> None:
    """Exempt what a full collection found alive from later ones, which would look at all of it again.

    Called by `gc`. Most of it is documents and their plans, which are in no cycle and freed when nothing refers to
    them. A request in flight at this moment that ends in a cycle is not freed: a few of them in thousands of documents.
    """
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()
