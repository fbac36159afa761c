"""The command `completion`: the lines that teach a shell to complete `feedwitness`."""

import sys
from typing import Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure
from aggregator.cli.start import ASKED

BASH = """\
_feedwitness() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("${word%%$'\\t'*}")
    done < <(ASKED=1 "${1/#\\~\\//$HOME/}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _feedwitness feedwitness
"""

ZSH = """\
#compdef feedwitness
_feedwitness() {
    local word told
    local -a found
    while IFS=$'\\t' read -r word told; do
        found+=("${word//:/\\\\:}${told:+:$told}")
    done < <(ASKED=1 ${~words[1]} "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#found} )); then
        _describe feedwitness found
    else
        _files
    fi
}
if [[ $funcstack[1] = _feedwitness ]]; then
    _feedwitness "$@"
else
    compdef _feedwitness feedwitness
fi
"""

FISH = """\
function __feedwitness_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (ASKED=1 $words 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c feedwitness -f -a '(__feedwitness_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(completion)


def completion(
    shell: Annotated[str, typer.Argument(metavar="|".join(SCRIPTS), help="Which shell.")],
) -> None:
    """Print what teaches a shell to complete what you type."""
    if shell not in SCRIPTS:
        raise Failure(f"no completion for {out.line(shell)}: one of {', '.join(SCRIPTS)}", 2)
    sys.stdout.write(SCRIPTS[shell].replace("ASKED", ASKED))
