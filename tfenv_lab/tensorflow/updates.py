"""What the channels offer an environment that is newer: for the same Python and kind of hardware, from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..environments.models import Update

if TYPE_CHECKING:
    from ..environments.models import EnvironmentFacts
    from .listing import Listing


def updates(listing: Listing | None, facts: EnvironmentFacts) -> Update:
    """Return the newer TensorFlow and Keras; none where the catalog was not loaded yet or pip brought TensorFlow."""
    from .cells import newer

    found = facts.tensorflow
    if listing is None or found is None or found.source != "conda" or not found.variant or not facts.python:
        return Update()
    python = ".".join(facts.python.split(".")[:2])
    tensorflow = listing.update_of(found.version, found.variant, python)
    keras = listing.keras_with(tensorflow or found.version, found.variant, python)
    if keras is None or facts.keras is None or facts.keras.source != "conda" or not newer(keras, facts.keras.version):
        keras = None
    return Update(tensorflow=tensorflow, keras=keras)
