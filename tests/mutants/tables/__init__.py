"""The tables: every mutant there is, in the order of the docs."""

from tests.mutants.mutant import Mutant
from tests.mutants.tables import (
    archive,
    auditor,
    boundary,
    chain,
    console,
    evidence,
    exports,
    intents,
    keep,
    purge,
    rollback,
    signing,
)

MUTANTS: tuple[Mutant, ...] = (
    *chain.MUTANTS,
    *keep.MUTANTS,
    *signing.MUTANTS,
    *archive.MUTANTS,
    *boundary.MUTANTS,
    *purge.MUTANTS,
    *intents.MUTANTS,
    *rollback.MUTANTS,
    *console.MUTANTS,
    *exports.MUTANTS,
    *evidence.MUTANTS,
    *auditor.MUTANTS,
)
