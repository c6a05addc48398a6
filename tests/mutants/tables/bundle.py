"""What an auditor opens beside the proof: nothing in it runs, and nothing in it is taken for proven."""

from tests.mutants.mutant import Mutant

ROWS = "tests/unit/retrieve/test_csv_rows.py"
WORKBOOK = "tests/unit/adapters/test_workbook.py"
WRITING = "tests/unit/retrieve/test_writing.py"
WHOLE = "tests/auditor/test_whole_bundle.py"
ALTERED = f"{WHOLE}::test_an_altered_spreadsheet_is_found_though_its_hash_was_mended"
MENDED = f"{WHOLE}::test_a_mended_list_is_not_the_signed_one"
VERIFY = "evidence/handout/verify.py"

MUTANTS = (
    Mutant(
        "csv-guards-after-separators",
        "A formula is kept from running after every separator, not at the beginning of a cell alone",
        "retrieve/rows.py",
        "    if _AFTER_A_SEPARATOR.search(text):",
        "    if False:",
        ROWS,
    ),
    Mutant(
        "csv-guards-behind-quotes",
        "A formula is kept from running behind quotes, too",
        "retrieve/rows.py",
        """_RUN = "(?=[\\\\s\\x00\\"]*[""",
        """_RUN = "(?=[\\\\s\\x00]*[""",
        ROWS,
    ),
    Mutant(
        "workbook-markup-is-text",
        "A text that XlsxWriter would take for markup is written as a text",
        "adapters/workbook.py",
        """f"'{text}" if text.startswith("<r>") else text""",
        "text",
        f"{WORKBOOK}::test_what_an_attacker_chose_is_a_text",
    ),
    Mutant(
        "workbook-text-stays-text",
        "A cell with a text stays one when somebody edits it",
        "adapters/workbook.py",
        'self._text = self._book.add_format({"num_format": _TEXT})',
        "self._text = self._book.add_format({})",
        f"{WORKBOOK}::test_an_edited_text_becomes_no_formula",
    ),
    Mutant(
        "workbook-is-whole-or-refused",
        "An answer that does not fit on a sheet is refused",
        "retrieve/writing.py",
        "        if rows.left_out:",
        "        if False:",
        f"{WRITING}::test_an_answer_that_does_not_fit_on_a_sheet_is_refused",
    ),
    Mutant(
        "verify-rows-follow-from-lines",
        "Each row of entries.csv is the one that its line gives",
        VERIFY,
        "need(file.read(len(row)) == row, ",
        "need(file.read(len(row)), ",
        ALTERED,
    ),
    Mutant(
        "verify-no-row-more",
        "entries.csv has no more rows than there are lines",
        VERIFY,
        "        need(not file.read(1), ",
        "        need(True, ",
        ALTERED,
    ),
    Mutant(
        "verify-row-has-the-proven-epoch",
        "A row has the epoch in which its line is proven",
        VERIFY,
        "            need(int(epoch) in proven_in, ",
        "            need(True, ",
        ALTERED,
    ),
    Mutant(
        "verify-row-has-a-time-zone",
        "A row with a moment has a local one",
        VERIFY,
        """        need(offset or f"{at:%m-%d %Y}" == "12-31 9999", """,
        "        need(True, ",
        ALTERED,
    ),
    Mutant(
        "verify-header-names-the-columns",
        "The first row of entries.csv names the columns",
        VERIFY,
        "        need(file.read(len(header)) == header, ",
        "        need(file.read(len(header)), ",
        ALTERED,
    ),
    Mutant(
        "verify-list-is-the-signed-one",
        "The list of files is the one that was signed",
        VERIFY,
        '            need(text == f"{origin}\\n{SUMS} {digest}\\n", why)',
        "            need(text, why)",
        MENDED,
    ),
    Mutant(
        "verify-list-is-signed-by-a-given-key",
        "The list of files is signed by a key that was given, if one was",
        VERIFY,
        "            keys = makers or [",
        "            keys = [",
        f"{WHOLE}::test_another_maker_of_bundles_is_not_the_trusted_one",
    ),
    Mutant(
        "verify-list-has-a-signature",
        "A bundle without a signature is not one of the key that was given",
        VERIFY,
        "        if NOTE not in self.names and not makers:",
        "        if NOTE not in self.names:",
        MENDED,
    ),
    Mutant(
        "verify-list-signature-is-valid",
        "The signature over the list of files is checked",
        VERIFY,
        """                point.verify(raw, text.encode(), ECDSA(SHA256()))
            is_known""",
        """                pass
            is_known""",
        f"{WHOLE}::test_a_false_signature_is_found_with_and_without_the_key",
    ),
    Mutant(
        "verify-list-covers-what-it-names",
        "A file that the signed list does not name is not covered, and the last line names it",
        VERIFY,
        "        self.unlisted = sorted(self.names - sums.keys() - {SUMS, NOTE})",
        "        self.unlisted = []",
        f"{WHOLE}::test_a_file_that_the_signed_list_does_not_name_is_named_in_the_last_line",
    ),
    Mutant(
        "verify-what-nothing-names-is-not-covered",
        "The last line names a file in a folder of the archive that no statement names",
        VERIFY,
        "self.names - inside - covered | unnamed)",
        "self.names - inside - covered)",
        f"{WHOLE}::test_a_file_that_no_statement_names_is_named_in_the_last_line",
    ),
    Mutant(
        "verify-list-is-well-formed",
        "A list of files with a malformed line is a fault",
        VERIFY,
        "        if rest or None in found:",
        "        if False:",
        f"{WHOLE}::test_a_damaged_list_is_a_fault_and_does_not_stop_the_checks",
    ),
    Mutant(
        "verify-manifest-counts-the-entries",
        "A manifest that can't be read does not state how many entries there are",
        VERIFY,
        '        manifest = {"coverage": None}  # it',
        "        manifest = {}  # it",
        f"{WHOLE}::test_a_manifest_that_says_nothing_of_the_entries_is_a_fault",
    ),
    Mutant(
        "verify-bundle-key-only-in-the-bundle",
        "A key that is only in the bundle vouches for none of its files",
        VERIFY,
        "            is_known = der in makers or (",
        "            is_known = True or (",
        f"{WHOLE}::test_a_key_that_only_the_bundle_has_covers_nothing",
    ),
    Mutant(
        "verify-bundle-key-is-named-under-a-signature",
        "In an archive that is not signed no statement names a bundle key",
        VERIFY,
        "(self.key_in_force and der == self.bundle_key)",
        "(der == self.bundle_key)",
        f"{WHOLE}::test_in_an_unsigned_archive_anybody_could_have_named_the_key",
    ),
    Mutant(
        "bundle-key-signs-no-checkpoint",
        "A key that is named for bundles is not one for checkpoints",
        "format/statement.py",
        "        or statement.action != action",
        "        or statement.action not in {Action.KEY, Action.BUNDLE_KEY}",
        "tests/unit/run/test_bundle_key.py::test_the_chain_names_the_key",
    ),
)
