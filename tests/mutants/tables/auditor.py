"""The auditor's copy: what it must not pass."""

from tests.mutants.mutant import Mutant
from tests.mutants.tables.suspects import INSIDERS

PROGRAM = "auditor/verify.py"
NOTES = "tests/auditor/test_notes.py::test_both_judge_a_note_alike"
KEY_LENGTH = "tests/auditor/test_places.py::test_what_is_not_a_key_on_p256_is_refused_as_a_key"
GAP = "tests/auditor/test_notes.py::test_only_what_is_unsigned_right_before_a_new_key_is_forgiven"
CANONICAL = "tests/auditor/test_mutations.py::test_the_newest_statement_must_be_canonical"
SHAPES = "tests/auditor/test_mutations.py::test_an_odd_statement_is_refused_by_both"
TREE = "tests/auditor/test_forgeries.py::test_a_tree_that_does_not_go_on_is_found_without_the_lines"
FILLED = "tests/auditor/test_mutations.py::test_filled_ids_ascend"
WITHIN = "tests/auditor/test_mutations.py::test_an_odd_statement_is_refused_by_both"
EPOCH = "tests/auditor/test_mutations.py::test_an_odd_statement_is_refused_by_both"
FORGED_LINE = "tests/auditor/test_forgeries.py::test_a_line_that_the_export_does_not_have"
SPELLINGS = "tests/auditor/test_hostile_entries.py::test_a_line_is_spelled_as_the_product_spells_it"
BAD_BYTES = "tests/auditor/test_hostile_entries.py::test_a_line_with_another_bad_byte_is_found"
ZIPS = "tests/auditor/test_bounds.py::test_an_export_can_be_read_in_one_way_or_both_refuse_it"
TOKENS = "tests/auditor/test_bounds.py::test_of_a_token_without_end_no_more_is_read_than_an_entry_may_have"
BOMB = "tests/auditor/test_bounds.py::test_a_bomb_in_a_bundle_fills_no_memory"
EMPTY = "tests/auditor/test_places.py::test_a_copy_that_was_made_into_a_bundle_is_not_valid"
OTHER = "tests/auditor/test_places.py::test_it_is_refused_where_an_archive_is_expected"
TWO = "tests/auditor/test_places.py::test_only_a_kept_checkpoint_tells_two_histories_of_one_key_apart"
LIES = "tests/auditor/test_bundles.py::test_a_lie_whose_hashes_fit"
LIMIT = "tests/auditor/test_bundles.py::test_how_many_lines_are_proven_must_be_said_rightly"

MUTANTS = (
    Mutant(
        "verify-base64-is-canonical",
        "Base64 in any other spelling than the canonical one is refused",
        "evidence/handout/verify.py",
        "    need(b64encode(data).decode() == text, ",
        "    need(True, ",
        NOTES,
    ),
    Mutant(
        "verify-trusted-key-is-a-key",
        "A trusted key is one on P-256, of exactly its length",
        "evidence/handout/verify.py",
        "    return der.startswith(P256) and len(der) == len(P256) + 64",
        "    return der.startswith(P256)",
        KEY_LENGTH,
    ),
    Mutant(
        "verify-trusted-key-is-on-p256",
        "A trusted key is one on P-256, by how it begins",
        "evidence/handout/verify.py",
        "    return der.startswith(P256) and len(der) == len(P256) + 64",
        "    return len(der) == len(P256) + 64",
        KEY_LENGTH,
    ),
    Mutant(
        "verify-absent-checkpoints-before-the-gap-stay-faults",
        "Only checkpoints that are missing right before a new key are forgiven",
        "evidence/handout/verify.py",
        "        if key in self.names:\n            self.absent = []\n",
        "",
        GAP,
    ),
    Mutant(
        "verify-absent-checkpoint-is-a-fault",
        "A checkpoint that is missing is a fault",
        "evidence/handout/verify.py",
        '            self.fault(4, verdict, key, f"This checkpoint {found}.")',
        "            pass",
        NOTES,
    ),
    Mutant(
        "verify-every-line-of-a-note-is-well-formed",
        "One malformed line makes a note none",
        "evidence/handout/verify.py",
        " and None not in found",
        "",
        NOTES,
    ),
    Mutant(
        "verify-a-signature-holds-something",
        "A signature is more than a key id",
        "evidence/handout/verify.py",
        " and all(raw[4:] for _, raw in signatures)",
        "",
        NOTES,
    ),
    Mutant(
        "verify-a-note-has-no-control-characters",
        "A note with control characters is refused",
        "evidence/handout/verify.py",
        ' and not re.search(rb"[\\x00-\\x09\\x0b-\\x1f]", data)',
        "",
        NOTES,
    ),
    Mutant(
        "verify-a-note-is-bounded",
        "A note has at most 128 KiB",
        "evidence/handout/verify.py",
        "len(data) <= MOST_OF_A_NOTE and ",
        "",
        NOTES,
    ),
    Mutant(
        "verify-every-signature-of-a-known-key-is-good",
        "A false signature by the known key beside a good one is a fault",
        "evidence/handout/verify.py",
        "for der, raw in () if self.why_no_signatures else ours:",
        "for der, raw in () if self.why_no_signatures else ours[:1]:",
        NOTES,
    ),
    Mutant(
        "verify-a-signature-counts-under-its-own-name",
        "The known key counts only under the name of the log",
        "evidence/handout/verify.py",
        "            ours = [(der, raw) for name, der, raw in known if name == origin]",
        "            ours = [(der, raw) for name, der, raw in known]",
        NOTES,
    ),
    Mutant(
        "verify-statements-are-canonical",
        "A statement that is not canonical is refused",
        "evidence/handout/verify.py",
        "need(levels_of(value) <= MOST_LEVELS and is_spelled_so, ",
        "need(levels_of(value) <= MOST_LEVELS, ",
        CANONICAL,
    ),
    Mutant(
        "verify-statements-have-known-fields",
        "A statement with an unknown field is refused",
        "evidence/handout/verify.py",
        "value.keys() == fields.keys() and all(fits(each, fields[name]) for name, each in value.items())",
        "fields.keys() <= value.keys() and all(fits(value[name], fields[name]) for name in fields)",
        SHAPES,
    ),
    Mutant(
        "verify-statements-lack-no-field",
        "A statement that lacks a field is refused",
        "evidence/handout/verify.py",
        "value.keys() == fields.keys() and",
        "value.keys() <= fields.keys() and",
        SHAPES,
    ),
    Mutant(
        "verify-statements-hold-the-right-types",
        "A field of another type makes a statement none",
        "evidence/handout/verify.py",
        "        return type(value) is TYPES.get(kind)",
        "        return True",
        SHAPES,
    ),
    Mutant(
        "verify-the-tree-goes-on",
        "A tree that does not begin with the one before it is a fault",
        "evidence/handout/verify.py",
        "    return all(old == new for old, new in shared) and grown(tree, []) == tree",
        "    return grown(tree, []) == tree",
        TREE,
    ),
    Mutant(
        "verify-filled-ids-ascend",
        "Filled ids are ascending, each once",
        "evidence/handout/verify.py",
        "all(sound) and filled == sorted(set(filled)) and accounted",
        "all(sound) and accounted",
        FILLED,
    ),
    Mutant(
        "verify-the-slice-is-within-its-export",
        "A statement archives no ids that its export does not reach",
        "evidence/handout/verify.py",
        '    is_sound &= all(export["first_id"] <= i <= export["last_id"] for i in ids)\n',
        "",
        WITHIN,
    ),
    Mutant(
        "verify-an-epoch-purged-nothing",
        "A new epoch has purged nothing",
        "evidence/handout/verify.py",
        "0 if is_epoch else max(purged, ",
        "max(purged, ",
        EPOCH,
    ),
    Mutant(
        "verify-lines-are-what-the-export-says",
        "A line that means something else than its entry in the export is a fault",
        "evidence/handout/verify.py",
        "for entry_id in sorted(i for i in own if own[i] != lines.get(i)):",
        "for entry_id in list[int]():",
        FORGED_LINE,
    ),
    Mutant(
        "verify-entry-files-are-what-the-export-gives",
        "What a statement says of its entry files is compared with the export, though a file is altered",
        "evidence/handout/verify.py",
        '        expected["receipts_seen"] = [',
        '        del expected["files"]\n        expected["receipts_seen"] = [',
        INSIDERS,
    ),
    Mutant(
        "verify-the-lines-of-an-export-are-hashed",
        "A false hash of the lines of an export is a fault",
        "evidence/handout/verify.py",
        ', "lines_sha256": digest.hexdigest()}',
        "}",
        INSIDERS,
    ),
    Mutant(
        "verify-missing-ids-are-those-that-the-lines-lack",
        "The missing ids of a statement are exactly those that its lines lack",
        "evidence/handout/verify.py",
        "zip(around, around[1:]) if right - left > 1]",
        'zip(around, around[1:]) if right - left > 1] and facts_stated(statement)["holes"]',
        INSIDERS,
    ),
    Mutant(
        "verify-a-name-twice-is-not-carried",
        "The line of an entry with a name twice is its source",
        "evidence/handout/verify.py",
        '    need(len(dict(pairs)) == len(pairs), "a name comes twice")\n',
        "",
        SPELLINGS,
    ),
    Mutant(
        "verify-a-number-is-carried-exactly",
        "The line of an entry with a number that is no double is its source",
        "evidence/handout/verify.py",
        "    need(Decimal(digits) == Decimal(repr(value)) if value else is_zero, ",
        "    need(value or is_zero, ",
        SPELLINGS,
    ),
    Mutant(
        "verify-lines-in-base64-are-what-the-export-says",
        "A line whose source stands in Base64 is compared by that source",
        "evidence/handout/verify.py",
        "    if NOT_PLAIN.search(source):",
        "    if False:",
        BAD_BYTES,
    ),
    Mutant(
        "verify-bad-bytes-are-told-apart",
        "A byte that is not UTF-8 means no other byte, and not U+FFFD",
        "evidence/handout/verify.py",
        '"utf-8-sig", "surrogateescape"',
        '"utf-8-sig", "replace"',
        BAD_BYTES,
    ),
    Mutant(
        "verify-a-zip-begins-with-its-member",
        "Nothing lies before the first member of a zip",
        "evidence/handout/verify.py",
        "    need(starts[0] == 0, AMBIGUOUS)\n",
        "",
        ZIPS,
    ),
    Mutant(
        "verify-a-zip-ends-with-its-end",
        "A zip has one end, where the file ends",
        "evidence/handout/verify.py",
        "    need(len(ends) == 1, AMBIGUOUS)\n",
        "",
        ZIPS,
    ),
    Mutant(
        "verify-the-headers-of-a-zip-agree",
        "Both headers of a member say the same",
        "evidence/handout/verify.py",
        "all(a in {b, 0xFFFFFFFF} or (sizes_follow and not a) for a, b in zip(local, central))",
        "True",
        ZIPS,
    ),
    Mutant(
        "verify-an-export-holds-what-is-stated",
        "An export holds exactly as many bytes as its zip states",
        "evidence/handout/verify.py",
        "        is_whole = (crc, size) == (member.CRC, member.file_size)",
        "        is_whole = crc == member.CRC",
        ZIPS,
    ),
    Mutant(
        "verify-tokens-are-bounded",
        "No token of an export is longer than an entry may be",
        "evidence/handout/verify.py",
        "        need(size <= MOST_OF_AN_ENTRY, CUT_OFF)\n",
        "",
        TOKENS,
    ),
    Mutant(
        "verify-entries-are-bounded",
        "No entry of an export is longer than the product takes one",
        "evidence/handout/verify.py",
        '        need(len(source) <= MOST_OF_AN_ENTRY, "an entry is longer than 16 MiB")\n',
        "",
        "tests/auditor/test_bounds.py::test_an_entry_is_as_long_as_the_product_takes_it_or_both_refuse_it",
    ),
    Mutant(
        "verify-lines-are-bounded",
        "No line is longer than that of any entry",
        "evidence/handout/verify.py",
        '        need(size <= MOST_OF_A_LINE, "a line is longer than that of any entry")\n',
        "",
        BOMB,
    ),
    Mutant(
        "verify-an-empty-bundle-is-not-valid",
        "A bundle without lines is valid only for who accepts that",
        "evidence/handout/verify.py",
        '            self.left_out["lines"] = (',
        "            _ = (",
        EMPTY,
    ),
    Mutant(
        "verify-the-other-place-is-refused",
        "A bundle is refused where a copy of an archive is expected",
        "evidence/handout/verify.py",
        "        if audit.kind != expected:",
        "        if False:",
        OTHER,
    ),
    Mutant(
        "verify-a-kept-checkpoint-is-on-the-way",
        "The chain leads through a checkpoint that was kept",
        "evidence/handout/verify.py",
        "            if statement not in self.chain and size > largest:",
        "            if False:",
        TWO,
    ),
    Mutant(
        "verify-proofs-are-of-their-epoch",
        "A proof counts for the epoch in its name only",
        "evidence/handout/verify.py",
        '            if name.startswith(f"proofs/{epoch}-") and index >= first_leaf:',
        "            if index >= first_leaf:",
        LIES,
    ),
    Mutant(
        "verify-unproven-lines-are-counted",
        "A bundle that says the least about its proofs excuses no line",
        "evidence/handout/verify.py",
        "        if unproven and limit == count - unproven:",
        "        if unproven and limit is not None:",
        LIMIT,
    ),
)
