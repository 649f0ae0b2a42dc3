"""Run all topics, or the named ones. With ``--check``, fail if a limit is exceeded."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

from .measure import Skipped

_NOT_TOPICS = {"__main__", "measure", "page", "picture"}


def main() -> int:
    topics = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    topics = [topic for topic in topics if topic not in _NOT_TOPICS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topic", nargs="*", help=", ".join(topics))
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a limit is exceeded")
    parser.add_argument("--full", action="store_true", help="compare the peers with real TensorFlow")
    parser.add_argument("--markdown", action="store_true", help="write the results into docs/performance.md")
    parser.add_argument("--record", action="store_true", help="add the results of guard to benchmarks/history.jsonl")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.topic) - set(topics))
    if unknown:
        parser.error(f"there is no topic {unknown[0]}; choose from {', '.join(topics)}")
    over = 0
    for topic in arguments.topic or topics:
        print(f"\n{topic}")
        module = importlib.import_module(f"benchmarks.{topic}")
        try:
            known = inspect.signature(module.measures).parameters
            options = {name: value for name, value in vars(arguments).items() if name in known}
            for measure in module.measures(**options):
                over += measure.over
                print(f"  {measure}", flush=True)
        except Skipped as reason:
            print(f"  skipped: {reason}")
    print(f"\n{over} over their limit" if over else "\nall within their limits")
    return 1 if arguments.check and over else 0


sys.exit(main())
