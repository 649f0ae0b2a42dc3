"""Add a number over the ranks of ``TF_CONFIG``; the Python of an environment runs this file.

Needs only TensorFlow, and imports nothing from tfenv_lab. The exit status is 0 only if the sum is right.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any


def main() -> None:
    """Add 1 for each device of each rank."""
    # A notebook may use the same GPU.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    tensorflow: Any = import_module("tensorflow")
    strategy = tensorflow.distribute.MultiWorkerMirroredStrategy()

    def add() -> Any:
        ones = strategy.run(lambda: tensorflow.constant(1.0))
        return strategy.reduce("SUM", ones, axis=None)

    total, expected = float(tensorflow.function(add)()), strategy.num_replicas_in_sync
    print(f"The sum is {total:g}, and {expected} is right.", flush=True)
    # The threads of TensorFlow must not hold up the end.
    os._exit(0 if total == expected else 1)


if __name__ == "__main__":
    main()
