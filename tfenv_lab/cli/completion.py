"""Complete commands, options and names of environments when a user presses Tab in bash, zsh or fish.

The script of a shell asks this program for the words that can follow: it sets a variable (``table.WORDS``) to the words
before the cursor, one in each line, the last of which the user is typing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable, Sequence

from jupyter_core.application import JupyterApp

from ..errors import InvalidRequest
from ..services import Services
from ..settings import TfenvLab
from .command import TfenvCommand
from .table import COMMANDS, command_class

_BASH = """
_jupyter_tfenv() {
    local first=1
    [[ ${COMP_WORDS[0]##*/} == jupyter ]] && first=2
    if [[ $first == 2 && ${COMP_WORDS[1]} != tfenv ]]; then return; fi
    local words
    words=$(printf '%s\\n' "${COMP_WORDS[@]:first:COMP_CWORD-first+1}")
    mapfile -t COMPREPLY < <(_JUPYTER_TFENV_WORDS=$words jupyter-tfenv 2>/dev/null)
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _jupyter_tfenv jupyter-tfenv
complete -p jupyter &>/dev/null || complete -o default -F _jupyter_tfenv jupyter
"""
_ZSH = """
_jupyter_tfenv() {
    local first=2
    [[ ${words[1]:t} == jupyter ]] && first=3
    if (( first == 3 )) && [[ ${words[2]} != tfenv ]]; then _default; return; fi
    local -a found
    found=(${(f)"$(_JUPYTER_TFENV_WORDS=${(F)words[first,CURRENT]} jupyter-tfenv 2>/dev/null)"})
    if (( $#found )); then compadd -S '' -- ${(M)found:#*=}; compadd -- ${found:#*=}; else _files; fi
}
compdef _jupyter_tfenv jupyter-tfenv
(( ${+_comps[jupyter]} )) || compdef _jupyter_tfenv jupyter
"""
_FISH = """
function __jupyter_tfenv
    set -l words (commandline -opc) (commandline -ct)
    set -e words[1]
    test "$words[1]" = tfenv; and set -e words[1]
    set -lx _JUPYTER_TFENV_WORDS $words[1]
    set -e words[1]
    for word in $words
        set _JUPYTER_TFENV_WORDS "$_JUPYTER_TFENV_WORDS"\\n"$word"
    end
    set -l found (jupyter-tfenv 2>/dev/null)
    if set -q found[1]
        string join -- \\n $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c jupyter-tfenv -f -a '(__jupyter_tfenv)'
complete -c jupyter -f -n '__fish_seen_subcommand_from tfenv' -a '(__jupyter_tfenv)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


class CompletionApp(TfenvCommand):
    """Write the script that completes commands in a shell, as in eval "$(jupyter tfenv completion bash)"."""

    least, most, usage = 1, 1, "completion bash|zsh|fish"
    needs = ("directories",)

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        script = SCRIPTS.get(arguments[0])
        if script is None:
            raise InvalidRequest(f"“{arguments[0][:60]}” is not a known shell.", hint="Name bash, zsh or fish.")
        self.write({"script": script.lstrip()}, script.strip())
        return 0


def candidates(words: Sequence[str]) -> list[str]:
    """Return what can stand in place of the last word, after the words before it."""
    *before, last = words or [""]
    if not before:
        return [name for name in COMMANDS if name.startswith(last)]
    if before[0] not in COMMANDS:
        return []
    command = command_class(before[0])
    if last.startswith("-"):
        return [option for option in _options(command) if option.startswith(last)]
    place = sum(not word.startswith("-") for word in before[1:])
    takes = re.findall(r"[^\s\[\]]+", re.sub(r"\[--[^\]]*\]|\[@\w+\]", "", command.usage))[1:]
    if place < len(takes) and takes[place] == "NAME":
        return [name for name in _environments() if name.startswith(last)]
    if place < len(takes) and re.fullmatch(r"[a-z]+(\|[a-z]+)+", takes[place]):
        return [choice for choice in takes[place].split("|") if choice.startswith(last)]
    return []


def _options(command: type[TfenvCommand]) -> Iterable[str]:
    usual = {*JupyterApp.aliases, *JupyterApp.flags}
    for name in sorted({*command.aliases, *command.flags} - usual, key=str):
        yield f"--{name}=" if name in command.aliases else f"--{name}"
    yield from ("-y", "--help")


def _environments() -> list[str]:
    """Return the names of the environments; none if the configuration is faulty or the disk cannot be read."""
    app = command_class("list")()
    with contextlib.suppress(Exception):
        app.initialize([])
        return asyncio.run(_names(TfenvLab(config=app.config)))
    return []


async def _names(settings: TfenvLab) -> list[str]:
    services = await asyncio.to_thread(Services, settings, only=("environments",))
    return [environment.name for environment in await services.environments.list()]
