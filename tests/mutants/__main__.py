"""Take each safety rule out of the code in turn; a test must notice. Exits with 1 if a mutant survived."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from tests.mutants.hunt import Ending, hunt
from tests.mutants.mutant import ListError, Mutant
from tests.mutants.page import PAGE, write_page
from tests.mutants.tables import MUTANTS

LIST_IS_WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt the mutants, or list them."""
    asked = _asked(arguments)
    mutants = [mutant for mutant in MUTANTS if not asked.only or mutant.name in asked.only]
    if asked.list:
        for mutant in mutants:
            sys.stdout.write(f"{mutant.name}\n    {mutant.rule}\n    {mutant.path}\n")
        return 0
    try:
        endings = _hunt(mutants, asked.jobs)
    except ListError as error:
        _tell(f"nothing was hunted: {error}")
        return LIST_IS_WRONG
    if asked.write_docs:
        write_page(endings)
    return _close(endings)


def _asked(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    names = [mutant.name for mutant in MUTANTS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="hunt only these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="say what there is, and hunt nothing")
    parser.add_argument("--write-docs", action="store_true", help=f"write docs/{PAGE.name}")
    asked = parser.parse_args(arguments)
    if asked.only and asked.write_docs:
        parser.error("the page has every mutant: --write-docs without --only")
    return asked


def _hunt(mutants: Sequence[Mutant], jobs: int) -> list[Ending]:
    endings: list[Ending] = []
    with hunt(_tell) as hunting:
        _tell("the suspects must pass where nothing was taken out")
        hunting.check_suspects(mutants, jobs)
        for ending in hunting.endings(mutants, jobs):
            endings.append(ending)
            _tell(f"{len(endings):>3}/{len(mutants)}  {_told(ending)}")
    return endings


def _told(ending: Ending) -> str:
    name, rule, killer = ending.mutant.name, ending.mutant.rule, ending.killer
    if ending.problem is not None:
        return f"ERROR     {name}: {ending.problem}"
    if killer is None:
        return f"SURVIVED  {name}: nobody noticed that this was gone: {rule}"
    is_suspect = killer.startswith(ending.mutant.suspect)
    return f"killed    {name}  by {killer}{'' if is_suspect else '  (nobody suspected it)'}"


def _close(endings: Sequence[Ending]) -> int:
    survived = sum(ending.survived for ending in endings)
    wrong = sum(ending.problem is not None for ending in endings)
    killed = len(endings) - survived - wrong
    if wrong:
        _tell(f"{wrong} errors in the list of mutants, which prove nothing")
    sys.stdout.write(f"mutants: {killed} killed, {survived} survived\n")
    return LIST_IS_WRONG if wrong else int(survived > 0)


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
