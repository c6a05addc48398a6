"""Who made a report, by which clock, and until when what it rests on is locked: in words."""

from audit_archive.evidence.model import Report
from audit_archive.html_page.markup import Markup, Node, joined
from audit_archive.html_page.parts import code, counted, moment_text, value
from audit_archive.retrieve.locks import LockSpan

FUNCTION = "arn:"
"""What `invoked_by` begins with if a function answered: its ARN."""


def is_by_function(report: Report) -> bool:
    """Whether the retrieve function answered, and not the command."""
    return str(report.asked.get("invoked_by") or "").startswith(FUNCTION)


def login(report: Report) -> Markup:
    """Whose credentials the program acted with, as AWS told it; or why that is not known."""
    caller = report.caller
    if caller.arn is None:
        return joined("not known. ", caller.unknown_because or "", ".")
    return joined(code(caller.arn), " of the AWS account ", value(caller.account), ", as AWS STS told it")


def login_check(report: Report) -> Node:
    """How a reader can check whose credentials they were."""
    caller = report.caller
    if caller.arn is None:
        return "There is nothing to check. Ask whoever made this bundle."
    whose = (
        "This is the role of the function, not a person: CloudTrail knows who invoked the function. "
        if is_by_function(report)
        else ""
    )
    when = joined(" at ", moment_text(caller.at)) if caller.at is not None else joined()
    return joined(
        whose,
        "CloudTrail of that account records the call ",
        code("GetCallerIdentity"),
        when,
        ", with the request id ",
        value(caller.request_id),
        ".",
    )


def clock(report: Report) -> Markup:
    """Which clock the moment of this report is by, and how far it was from that of AWS."""
    own = (
        "the clock of the function's machine"
        if is_by_function(report)
        else "the clock of the machine that made it"
    )
    told = joined(moment_text(report.asked.get("at")), f", by {own}. ")
    caller = report.caller
    if caller.ahead is None:
        return joined(told, "No other clock was asked.")
    sense = "ahead of" if caller.ahead > 0 else "behind"
    apart = f"{counted(abs(caller.ahead), 'second')} {sense}" if caller.ahead else "within a second of"
    return joined(
        told,
        f"When AWS STS answered, it was {apart} the clock there. The Date of that answer: ",
        moment_text(caller.at),
        ".",
    )


def locked(span: LockSpan, what: str, many: str | None = None) -> Markup:
    """When the locks of some objects end, as the store said. `what` they are: one, and many of them."""
    if not span.objects:
        return joined(f"No {what} was read. ")
    if span.unseen == span.objects:
        return joined(f"Of {counted(span.objects, what, many)} the locks are not known: a copy shows none. ")
    told: list[Node] = [f"Of {counted(span.objects - span.unseen, what, many)} "]
    if span.first is None:
        told.append("none has a lock. ")
    else:
        first, last = moment_text(span.first), moment_text(span.last)
        told.append(_modes(span))
        if first == last:
            told += ["every lock ends ", first, ". "]
        else:
            told += ["the first lock ends ", first, ", the last ", last, ". "]
        if span.unlocked:
            told.append(f"{counted(span.unlocked, 'object has', 'objects have')} no lock. ")
    if span.unseen:
        told.append(f"The locks of {counted(span.unseen, 'other')} were not looked at. ")
    return joined(*told)


def _modes(span: LockSpan) -> str:
    return f"({' and '.join(span.modes)}) " if span.modes else ""
