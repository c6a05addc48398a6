"""The tables: every mutant there is, in the order of the docs."""

from tests.mutants.mutant import Mutant
from tests.mutants.tables import (
    amended,
    answers,
    archive,
    auditor,
    boundary,
    chain,
    console,
    evidence,
    exports,
    intents,
    keep,
    ledger,
    proofs,
    purge,
    retrieval,
    rollback,
    signing,
    witnesses,
)

MUTANTS: tuple[Mutant, ...] = (
    *chain.MUTANTS,
    *keep.MUTANTS,
    *ledger.MUTANTS,
    *signing.MUTANTS,
    *archive.MUTANTS,
    *amended.MUTANTS,
    *boundary.MUTANTS,
    *purge.MUTANTS,
    *intents.MUTANTS,
    *rollback.MUTANTS,
    *witnesses.MUTANTS,
    *console.MUTANTS,
    *answers.MUTANTS,
    *exports.MUTANTS,
    *evidence.MUTANTS,
    *proofs.MUTANTS,
    *retrieval.MUTANTS,
    *auditor.MUTANTS,
)
