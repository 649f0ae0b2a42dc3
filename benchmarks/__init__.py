"""Benchmarks, each compared with a floor from the same run: ``python -m benchmarks [topic …]``.

A topic is a module with a function ``measures()`` that yields a Measure for each line of the report. Absolute times
depend on the machine and its load. The ratio to a floor that was measured a moment before depends on them much less.
The limits are those that the project promises.
"""
