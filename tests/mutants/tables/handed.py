"""What is handed to a reader: proven lines, copies that went through hands, names as people read them."""

from tests.mutants.mutant import Mutant

ALTERED = "tests/unit/retrieve/test_altered.py"

MUTANTS = (
    Mutant(
        "no-line-before-its-hash",
        "No line of an entry file is parsed before the file has the hash of its statement",
        "storage/entry_files.py",
        "    held, size = list[bytes](), 0\n    for text in read_content(source, file, version_id):\n",
        "    held, size = list[bytes](), held_bytes + 1\n    for text in ():\n",
        f"{ALTERED}::test_no_line_is_handed_out_before_its_file_was_read_and_judged",
    ),
    Mutant(
        "lines-are-objects",
        "An entry file with a line that is not an object is refused, though its statement names it",
        "storage/entry_files.py",
        '        if not text.startswith(b"{") or text.count(b"}\\n{") + 1 != text.count(b"\\n") or text[-2:-1] != b"}":',
        "        if False:",
        f"{ALTERED}::test_a_question_that_looks_into_such_a_line_ends_in_an_integrity_error",
    ),
    Mutant(
        "no-entry-no-traceback",
        "A line that is not an entry ends a question in an IntegrityError",
        "retrieve/search.py",
        "    except (ValueError, TypeError, LookupError, AttributeError) as error:",
        "    except ZeroDivisionError as error:",
        f"{ALTERED}::test_a_question_that_looks_into_such_a_line_ends_in_an_integrity_error",
    ),
    Mutant(
        "lines-have-an-end",
        "A line that is longer than any entry is refused before it fills the memory",
        "storage/entry_files.py",
        "        if sum(map(len, rest)) > MOST_OF_A_LINE:",
        "        if False:",
        f"{ALTERED}::test_a_line_without_an_end_does_not_fill_the_memory",
    ),
)
