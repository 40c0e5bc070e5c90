"""Waiting for what can be seen, however busy the machine is."""

import asyncio
import time

#: seconds after which what is waited for will never be
LONGEST = 240


def until(condition, pause=time.sleep):
    """The first true value of a condition."""
    end = time.monotonic() + LONGEST
    while not (value := condition()):
        assert time.monotonic() < end, "it never came"
        pause(0.01)
    return value


async def eventually(condition):
    """:func:`until` on a loop, which goes on meanwhile."""
    end = time.monotonic() + LONGEST
    while not (value := condition()):
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)
    return value
