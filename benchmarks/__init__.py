"""Speed, measured against floors of the same run: ``python -m benchmarks [topic …]``.

A topic is a file with a function ``measures()`` that yields a Measure for each line of the report. Absolute times
depend on the machine and on what else it does; a ratio to a floor measured a moment before does so much less. The
limits are those that the project promises.
"""
