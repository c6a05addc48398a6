"""The page of the fleet shows whom it must first, stays text, and harms no check."""

from tests.mutants.mutant import Mutant

PAGE = "tests/unit/audit/test_fleet_page.py"

MUTANTS = (
    Mutant(
        "page-text-is-escaped",
        "What others wrote stays text on a page",
        "html_page/markup.py",
        "n.html if isinstance(n, Markup) else escape(visible(n))",
        "n.html if isinstance(n, Markup) else visible(n)",
        f"{PAGE}::test_what_others_write_stays_text",
    ),
    Mutant(
        "page-policy-loads-nothing",
        "A page loads nothing",
        "html_page/frame.py",
        "default-src 'none'; ",
        "",
        f"{PAGE}::test_the_page_loads_nothing_and_says_what_it_does_not_know",
    ),
    Mutant(
        "fleet-page-has-the-gravest-first",
        "The Console that needs a person most stands first on the page of the fleet",
        "audit/fleet_page.py",
        "(HEALTH_WORDS.index(row.health.word), ",
        "(-HEALTH_WORDS.index(row.health.word), ",
        f"{PAGE}::test_the_gravest_comes_first_and_every_row_has_its_word",
    ),
    Mutant(
        "fleet-page-fails-no-check",
        "A page that can't be written fails no fleet check",
        "audit/fleet_publish.py",
        "    except (ArchiveStoreError, SettingsError) as error:\n",
        "    except SettingsError as error:\n",
        f"{PAGE}::test_a_page_that_can_not_be_put_fails_no_check_and_is_told",
    ),
    Mutant(
        "fleet-page-fault-is-told",
        "A page that can't be written is told",
        "audit/fleet_check.py",
        "report = replace(report, page_fault=fault)",
        "report = replace(report, page_fault=None)",
        f"{PAGE}::test_a_page_that_can_not_be_put_fails_no_check_and_is_told",
    ),
    Mutant(
        "fleet-page-leaves-time",
        "The pictures of the page take no time that the check needs",
        "audit/fleet_history.py",
        "        if clock.remaining() < RESERVE:\n",
        "        if False:\n",
        f"{PAGE}::test_without_time_no_ledger_is_asked",
    ),
)
