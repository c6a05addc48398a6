"""What is handed out to an auditor is what it says, or it is not handed out."""

from tests.mutants.mutant import Mutant

PROOFS = "tests/unit/retrieve/test_proving.py"
EVIDENCE = "tests/unit/evidence/test_evidence.py"
FILED = "tests/unit/evidence/test_filed_page.py"
DERIVED = "tests/auditor/test_derived.py"
LOOK = "tests/browser/test_first_look.py"
VERIFY = "evidence/handout/verify.py"

MUTANTS = (
    Mutant(
        "proven-tree-is-stated",
        "Entry files are proven only if they give the tree that their statement states",
        "retrieve/proofs.py",
        "            if prover.root != statement.tree.root:",
        "            if False:",
        f"{PROOFS}::test_entry_files_that_do_not_give_the_stated_tree_are_an_error",
    ),
    Mutant(
        "proving-checkpoint-is-signed",
        "A proof is made only against a checkpoint with a good signature",
        "retrieve/proofs.py",
        "console, self._chain.keys, self._is_signed)",
        "console, self._chain.keys, lambda *_: True)",
        f"{EVIDENCE}::test_a_checkpoint_with_a_false_signature_proves_nothing",
    ),
    Mutant(
        "proving-checkpoint-is-of-its-statement",
        "A proof is made only against the checkpoint of the very statement beside it",
        "retrieve/proofs.py",
        "            if checkpoint.statement_sha256 == digest:",
        "            if True:",
        f"{EVIDENCE}::test_a_checkpoint_of_another_statement_proves_nothing",
    ),
    Mutant(
        "proving-checkpoint-is-over-this-tree",
        "A proof is made only against a checkpoint over the tree that the entry files give",
        "retrieve/proofs.py",
        "        if (prover.size, prover.root) != (covering.checkpoint.size, covering.checkpoint.root):",
        "        if False:",
        f"{EVIDENCE}::test_a_checkpoint_over_another_tree_proves_nothing",
    ),
    Mutant(
        "proving-checkpoint-is-of-the-epoch",
        "What was archived unsigned is proven by a later checkpoint of its own epoch only",
        "retrieve/proofs.py",
        "        if covered.epoch != epoch:",
        "        if False:",
        f"{PROOFS}::test_what_was_archived_unsigned_in_an_earlier_epoch_is_not_proven_by_a_later_one",
    ),
    Mutant(
        "evidence-has-the-whole-chain",
        "Without time to audit the whole chain there is no bundle",
        "evidence/chain_part.py",
        "    if any(each.what == Checked.STATEMENTS and each.why == Why.TIME for each in found.not_checked):",
        "    if False:",
        f"{EVIDENCE}::test_without_time_for_the_whole_chain_there_is_no_bundle",
    ),
    Mutant(
        "evidence-says-what-it-does-not-prove",
        "A bundle that proves fewer lines than it has says so",
        "evidence/bundle.py",
        "if search.matched > tools.max_proofs else []",
        "if False else []",
        f"{EVIDENCE}::test_no_more_is_proven_than_the_limit_and_the_bundle_says_so",
    ),
    Mutant(
        "verify-totals-follow-from-lines",
        "Control totals that the lines do not give are a fault",
        VERIFY,
        "if SPELL(made[name]) != SPELL(told.get(name))]",
        "if False]",
        f"{DERIVED}::test_a_wrong_total_is_found",
    ),
    Mutant(
        "verify-sample-is-drawn-again",
        "A sample that its seed does not draw is a fault",
        VERIFY,
        'SPELL(sample["drawn"]) != SPELL(self.drawn)',
        "False",
        f"{DERIVED}::test_a_sample_that_its_seed_does_not_draw_is_found",
    ),
    Mutant(
        "page-totals-follow-from-lines",
        "The report's page tells control totals that the lines do not give",
        "evidence/handout/check.js",
        "!isAlike(name) || `${texts[name]}` !== `${made[name]}`",
        "false",
        f"{LOOK}::test_totals_and_a_sample_that_do_not_follow_from_the_lines_are_told",
    ),
    Mutant(
        "page-sample-is-drawn-again",
        "The report's page tells a sample that its seed does not draw",
        "evidence/handout/check.js",
        "need(made.join() === stated.join(), ",
        "need(true, ",
        f"{LOOK}::test_totals_and_a_sample_that_do_not_follow_from_the_lines_are_told",
    ),
    Mutant(
        "sample-is-marked",
        "Each entry of the sample is marked in rows and report",
        "evidence/sampling.py",
        "if each.epoch == epoch}",
        "if False}",
        "tests/unit/evidence/test_filed.py::test_a_sample_is_marked_everywhere_and_found_right",
    ),
    Mutant(
        "statement-claims-what-is-covered",
        "The statement on completeness claims no more than the coverage",
        "evidence/report/statement_section.py",
        "    elif coverage.not_covered:",
        "    elif False:",
        f"{FILED}::test_the_statement_claims_no_more_than_the_coverage",
    ),
    Mutant(
        "locks-of-a-copy-are-not-seen",
        "A copy, which shows no locks, is not told as if its objects had none",
        "retrieve/locks.py",
        "facts is None or facts.version_id == NO_VERSION",
        "facts is None",
        "tests/unit/retrieve/test_locks.py::test_what_a_copy_does_not_show_is_not_taken_for_no_lock",
    ),
)
