"""What is handed to a reader: proven lines, copies that went through hands, names as people read them."""

from tests.mutants.mutant import Mutant

FLEET = "tests/unit/retrieve/test_all_consoles.py"
RELATIVE = "tests/unit/retrieve/test_relative.py"
OCSF = "tests/unit/retrieve/test_ocsf.py"
DESK = "tests/unit/retrieve/test_desk.py"
READING = "tests/unit/retrieve/test_reading.py"
HANDLED = "tests/auditor/test_handled.py"
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
        "retrieve/search.py",
        '            if not all(line.startswith(b"{") and line.endswith(b"}") for line in found):',
        "            if False:",
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
    Mutant(
        "litter-is-only-what-others-leave",
        "A file in a copy that has the shape of an archive's is a fault",
        "format/layout.py",
        "    return _LITTER.fullmatch(path) is not None",
        "    return _LITTER.match(path) is not None",
        f"{HANDLED}::test_both_judges_ignore_the_same_names",
    ),
    Mutant(
        "only-zeros-pad",
        "Behind the last member of a gzip file nothing but zeros may follow",
        "storage/entry_files.py",
        '                if is_padded and rest.strip(b"\\0"):',
        "                if False:",
        f"{HANDLED}::test_both_judges_take_the_same_gzip",
    ),
    Mutant(
        "verify-py-only-zeros-pad",
        "verify.py: behind the last member of a gzip file nothing but zeros may follow",
        "evidence/handout/verify.py",
        'need(not is_padded or not left.strip(b"\\0"), ',
        "need(True, ",
        f"{HANDLED}::test_both_judges_take_the_same_gzip",
    ),
    Mutant(
        "an-older-key-is-not-enough",
        "A key that signed only the beginning of a chain is not the key of its end",
        "audit/signatures.py",
        "            if signer in self._keys.trusted:\n                return\n",
        "            if signer in self._keys.trusted or self._trusted_up_to:\n                return\n",
        f"{HANDLED}::test_with_an_older_key_alone_both_say_up_to_where_it_signed",
    ),
    Mutant(
        "accents-are-composed",
        "A name with an accent is found however the accent is composed",
        "retrieve/reading.py",
        '    return normalize("NFC", normalize("NFD", text.translate(_READ)).casefold())',
        "    return text.translate(_READ).casefold()",
        f"{READING}::test_what_looks_the_same_is_the_same",
    ),
    Mutant(
        "unseen-characters-hide-nothing",
        "The prefilter lets pass a line with a character that no person sees",
        "retrieve/match.py",
        "*map(_literal, _loose(run)), _unseen",
        "*map(_literal, _loose(run))",
        f"{READING}::test_what_looks_the_same_is_the_same",
    ),
    Mutant(
        "forwarded-addresses-count",
        "An address is looked for in the route as well",
        "retrieve/match.py",
        "        if route and type(route) is str and of_route(route):",
        "        if False:",
        f"{READING}::test_an_address_is_found_in_the_route_too",
    ),
    Mutant(
        "the-prefilter-looks-into-routes",
        "The prefilter lets pass a line with a route that may name the address",
        "retrieve/match.py",
        "        return _address(query.networks), _route(query.networks), _literal(_SOURCE)",
        "        return _address(query.networks), _literal(_SOURCE)",
        f"{READING}::test_an_address_is_found_in_the_route_too",
    ),
    Mutant(
        "a-cut-answer-has-a-cursor",
        "An answer that ends at a limit, while more entries match, says so and where",
        "retrieve/covering.py",
        "        cursor=str(tally.last) if tally.is_cut else None,",
        "        cursor=None,",
        f"{FLEET}::test_pages_are_the_whole_answer_in_its_order",
    ),
    Mutant(
        "a-fault-hides-no-other-console",
        "In a question to every Console, an archive with a fault is named and hides no other",
        "retrieve/fleet.py",
        "        except AuditArchiveError as error:\n"
        "            yield OfOneConsole(asked, name, None, error)",
        "        except AuditArchiveError:\n            return",
        f"{FLEET}::test_every_console_has_an_answer_with_its_own_coverage_and_file",
    ),
    Mutant(
        "relative-dates-are-of-the-zone",
        "A relative date means a day of the calendar in the time zone of the question",
        "retrieve/relative.py",
        "(self.now + offset_at(self.now)) // DAY",
        "self.now // DAY",
        f"{RELATIVE}::test_what_a_person_says_of_time_is_whole_days_in_his_zone",
    ),
    Mutant(
        "outcomes-are-no-verbs",
        "The class of an OCSF event does not depend on the order of the words of its action",
        "retrieve/ocsf.py",
        '    places = {thing: name.find(f"_{thing}_") for thing in (*THINGS, "user")}',
        '    places = {thing: name.find(f"_{thing}_") * (name[1:].startswith(thing) or -1) '
        'for thing in (*THINGS, "user")}',
        f"{OCSF}::test_an_action_is_a_class_and_an_activity",
    ),
    Mutant(
        "a-long-answer-is-put-aside",
        "An answer that is longer than Lambda returns is put where it can be fetched",
        "desk.py",
        "        if len(data) <= MAX_ANSWER:",
        "        if True:",
        f"{DESK}::test_an_answer_that_is_longer_than_lambda_returns_is_put_where_it_can_be_fetched",
    ),
)
