"""A message is what a person can rely on, whatever others wrote into it."""

from tests.mutants.mutant import Mutant

MESSAGE = "tests/unit/messages/test_message.py"
HOSTILE = f"{MESSAGE}::test_what_others_wrote_is_no_link_no_mention_and_no_style"
BROKEN = f"{MESSAGE}::test_no_form_of_a_message_is_broken_by_what_others_wrote"

MUTANTS = (
    Mutant(
        "message-links-are-taken",
        "An address that others wrote is no link in a message",
        "messages/linkless.py",
        'return _DOT.sub("[.]", _SCHEME.sub("[:]", text))',
        "return text",
        HOSTILE,
    ),
    Mutant(
        "message-only-our-runbook",
        "An address that only begins as that of the runbook is no link",
        "messages/linkless.py",
        """[a-z0-9_-]+(?=$|[\\s.,;:)'`])\"""",
        """[a-z0-9_-]+\"""",
        HOSTILE,
    ),
    Mutant(
        "message-lines-are-ours",
        "No line of a text is written by others",
        "messages/linkless.py",
        "    return _outside_of_ours(visible(text), _without_links)\n",
        "    return _outside_of_ours(text, _without_links)\n",
        BROKEN,
    ),
    Mutant(
        "chat-markup-is-taken",
        "What others wrote is no mention and no style in a chat",
        "messages/linkless.py",
        "_without_links(_without_markup(part))",
        "_without_links(part)",
        HOSTILE,
    ),
    Mutant(
        "message-data-has-no-links",
        "The JSON below the text of a mail has no link",
        "messages/linkless.py",
        r"""return _DOT.sub(r"\\u002e", text.replace("://", r":\/\/"))""",
        "return text",
        BROKEN,
    ),
    Mutant(
        "message-is-as-grave-as-its-gravest",
        "A message about several findings is as urgent as the most urgent of them",
        "messages/advice.py",
        "    return next(each for each in Severity if each in asked)\n",
        "    return next(each for each in reversed(Severity) if each in asked)\n",
        f"{MESSAGE}::test_the_gravest_fault_says_how_soon",
    ),
    Mutant(
        "message-urgency-is-ours",
        "The facts of a finding do not lower its urgency",
        "messages/advice.py",
        "    if finding.kind == FindingKind.FLEET_CHECK:\n",
        "    if SEVERITY in finding.facts:\n",
        f"{MESSAGE}::test_the_fleet_check_says_itself_how_soon",
    ),
    Mutant(
        "message-has-attributes",
        "A message has the attributes by which subscriptions filter",
        "adapters/sns_alerts.py",
        "for name, text in message.attributes.items()",
        "for name, text in ()",
        "tests/unit/adapters/test_sns_alerts.py",
    ),
    Mutant(
        "message-fits",
        "A message is not larger than SNS takes",
        "messages/message.py",
        "return message if len(message.body.encode()) <= MAX_MESSAGE else with_facts(omitted)",
        "return message",
        f"{MESSAGE}::test_facts_that_no_message_can_carry_are_left_to_the_log",
    ),
)
