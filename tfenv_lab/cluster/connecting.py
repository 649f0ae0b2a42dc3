"""Import the code that speaks to Dask clusters. Dask is an optional dependency."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ..errors import InvalidRequest
from ..sentences import say
from .engine import Engine


def connector() -> Callable[[str], AbstractAsyncContextManager[Engine]]:
    """Return the function that connects to a scheduler by its address. Raises InvalidRequest without Dask."""
    try:
        from .dask.engine import connect
    except ImportError as error:
        hint = say("Install tfenv_lab[dask], with the version of distributed that the cluster has.")
        raise InvalidRequest(say("The package distributed is not installed here."), str(error), hint) from error
    return connect
