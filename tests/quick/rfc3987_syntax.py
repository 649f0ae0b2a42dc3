"""Stands in for the package of this name in the servers of tests.

The real one compiles a grammar when it is imported, which takes longer than all the rest of a start. Jupyter imports it
for the formats of JSON schemas, and no schema here uses the format that it validates.
"""


def is_valid_syntax(*_: object) -> bool:
    """Refuse to answer, because a schema that asks needs the real package."""
    raise NotImplementedError("The servers of tests do not validate internationalized URLs.")
