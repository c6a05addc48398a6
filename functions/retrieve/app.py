"""The retrieval: one question about the archive."""

from typing import TYPE_CHECKING, Any

from audit_archive.bootstrap import retrieving
from audit_archive.lambda_function import LambdaFunction

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LOGGED = ("question", "asked", "outcome", "sentence")
"""Fields of an answer that are logged: a question is recorded too. A link is not: its holder can read the
answer."""

function = LambdaFunction("The question was not answered")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer the question in the event; `events/retrieve-*.json` show what an event may hold.

    Returns a dict of `audit_archive.answers`. Raises the errors of `audit_archive.errors`.
    """
    answer = retrieving.retrieve(event, context)
    function.count({"AnsweredQuestions": 1})
    function.logger.info(
        "The question was answered", extra={name: answer[name] for name in LOGGED if name in answer}
    )
    return answer
