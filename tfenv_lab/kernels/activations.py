"""Activate several environments at once, so that a script that hangs delays only its own environment."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..conda.prefix.activation import inherited_names, templates
from ..conda.prefix.owner import has_scripts_of_another
from ..sentences import say, some
from .freshness import activation_of, state_of
from .kernelspecs import Kernelspec

#: Number of environments that are activated at once.
AT_ONCE = max(2, min(4, os.cpu_count() or 1))
#: Seconds after which an activation lets another one begin, and the maximum number of such slow ones.
_SLOW, _MOST_SLOW = 1.0, 32
#: Maximum number of results in a batch, and the seconds to wait for one more.
_BATCH, _GATHER = 20, 0.2


@dataclass(frozen=True)
class Activation:
    """The variables of an environment's kernel, and what they were made from.

    ``state`` and ``digest`` change with the environment and with the files of its activation. ``inherits`` names
    variables of the server. ``skipped`` are the scripts whose effect is missing, with what each of them did. If
    ``at_start``, the scripts are run only when the kernel starts.
    """

    state: str
    digest: str
    variables: Mapping[str, str]
    inherits: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    at_start: bool = False


def activation(prefix: Path, root: Path | None, trusted: Iterable[Path], known: Iterable[Kernelspec]) -> Activation:
    """Activate an environment.

    ``root`` is conda's root prefix, ``trusted`` are directories in which environments are the user's own, and ``known``
    are the kernelspecs of the environment: the scripts that they skip are not run again if they are unchanged.
    """
    # The state comes first, so that a change during the rest of the read is noticed next time.
    state, digest = state_of(prefix), activation_of(prefix) or ""
    skipped = next(filter(None, (skipped_in(spec.mark or {}, digest) for spec in known)), {})
    at_start = has_scripts_of_another(prefix, trusted)
    found = templates(prefix, root, scripts=not at_start, skipped=skipped)
    inherits = [] if at_start else inherited_names(prefix)
    return Activation(state, digest, found.variables, inherits, found.skipped, at_start)


def skipped_in(mark: Mapping[str, Any], digest: str | None) -> dict[str, str]:
    """Return the scripts that the mark of a kernelspec skips, if the files of activation still have this digest."""
    skipped = mark.get("skipped")
    if mark.get("activation") != digest or not isinstance(skipped, dict):
        return {}
    return {name: text for name, text in skipped.items() if isinstance(text, str)}


def skipped_sentence(spec: Kernelspec) -> str | None:
    """Return a sentence about the scripts that one of our kernelspecs skips, or None if it skips none."""
    mark = spec.mark or {}
    skipped = skipped_in(mark, mark.get("activation"))
    if not skipped:
        return None
    folder = Path(str(mark["prefix"]), "etc", "conda", "activate.d")
    scripts = some([f"{folder / name} {text}" for name, text in sorted(skipped.items())], 3)
    return say(
        "The kernel of this environment lacks variables of activation, because scripts failed: "
        "{scripts}. Correct the script or remove its package. It is skipped until it changes.",
        scripts=scripts,
    )


def each(
    prefixes: Iterable[Path], activate: Callable[[Path], Activation]
) -> Iterator[dict[Path, Activation | Exception]]:
    """Yield the results of ``activate`` for prefixes, or its exceptions, in batches as they become ready."""
    waiting = list(dict.fromkeys(prefixes))
    results: queue.Queue[tuple[Path, Activation | Exception]] = queue.Queue()
    fast, all_ = threading.Semaphore(AT_ONCE), threading.Semaphore(AT_ONCE + _MOST_SLOW)

    def work(prefix: Path) -> None:
        let_another = _Once(fast.release)
        timer = threading.Timer(_SLOW, let_another)
        timer.daemon = True
        timer.start()
        try:
            results.put((prefix, activate(prefix)))
        except Exception as error:
            results.put((prefix, error))
        finally:
            timer.cancel()
            let_another()
            all_.release()

    def begin() -> None:
        for prefix in waiting:
            all_.acquire()
            fast.acquire()
            # A daemon does not keep the server from stopping.
            threading.Thread(target=work, args=(prefix,), daemon=True, name="tfenv-activate").start()

    threading.Thread(target=begin, daemon=True, name="tfenv-activate").start()
    left = len(waiting)
    while left:
        batch = dict([results.get()])
        with contextlib.suppress(queue.Empty):
            while len(batch) < min(_BATCH, left):
                batch.update([results.get(timeout=_GATHER)])
        left -= len(batch)
        # In the original order, because the first one of equal names gets the plain name.
        yield {prefix: batch[prefix] for prefix in waiting if prefix in batch}


class _Once:
    """A function that has an effect only the first time that it is called."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._lock = threading.Lock()

    def __call__(self) -> None:
        if self._lock.acquire(blocking=False):
            self._function()
