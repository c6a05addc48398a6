"""The section for who takes nobody's word: what to run, what it shows, what it can't show."""

from collections.abc import Iterator
from hashlib import sha256

from audit_archive.evidence.model import BundleFile, Report
from audit_archive.evidence.packing import SUMS
from audit_archive.evidence.report.markup import Markup, Node, element, joined
from audit_archive.evidence.report.parts import (
    MOST_ROWS,
    Column,
    bullets,
    code,
    facts,
    left_out,
    nothing,
    notice,
    number,
    section,
    table,
)

_SHOWN = (
    "Every line that has a proof stood in the archive, unaltered, when its checkpoint was signed.",
    "The statements are one chain: none was altered, taken out or slipped in between.",
    "Which ids are archived, and which are missing and why, as it was stated at the time.",
    "If you bring the key: that whoever holds it signed this archive.",
)
_NOT_SHOWN = (
    "That what the Console served was true or complete. The archive proves what was served.",
    "That the bundle holds every entry that answers the question. It proves the lines that are in it.",
    "That the newest statements were not cut off, unless you kept a checkpoint from before (--checkpoint).",
    "When a statement was made, other than by the archive's own clock.",
    "Who made the archive, unless the key came to you another way than with this bundle.",
    "Anything about this page beyond itself: its own check shows that the entries on it have the hash that "
    "is written on it. Whoever could alter one could alter both. verify.py is what counts.",
)


def verify_section(report: Report) -> Markup:
    """Three steps, and the limits of what they show."""
    return section(
        "verify",
        "Verify it yourself",
        element(
            "p",
            "You need no login, no network and no trust in who made this. Unpack the bundle, and open a "
            "terminal in its folder. ",
            code("verify.py"),
            " takes Python 3.9 or newer, and the package ",
            code("cryptography"),
            " to check signatures; it is one file, to be read before it is run. With ",
            code("-I"),
            " no other file of this folder runs in its place.",
        ),
        element("ol", *(element("li", step) for step in _steps(report))),
        element("h3", "What this shows"),
        bullets(_SHOWN),
        element("h3", "What it can't show"),
        bullets(_NOT_SHOWN),
        element(
            "p",
            "A proof holds hashes of other entries. A hash hides a line only from whoever can't guess it: "
            "who knows all but one field of an entry can try values against its hash.",
        ),
    )


def _steps(report: Report) -> Iterator[Markup]:
    key = " --without-signatures" if report.signer is None else " --key KEY.pem"
    limit = " --without-proofs" if report.proven < report.coverage.matched else ""
    limit = limit if report.coverage.matched else " --without-lines"
    yield _step(
        "Check lines, proofs, statements and signatures. The last line that it prints must begin with VALID, "
        "and say by whose key.",
        f"python3 -I verify.py .{key}{limit}",
        *_why(report, limit),
    )
    yield _step(
        "Look for damage in transit. (Who alters a file can alter this list too.)", "sha256sum -c SHA256SUMS"
    )
    yield joined(
        "Compare the key with one that came to you another way: see ",
        element("a", "files and keys", href="#files"),
        ".",
    )


def _why(report: Report, limit: str) -> Iterator[Node]:
    if report.signer is None:
        yield "This archive is not signed, so there is no key to check it with. "
    if report.coverage.matched == 0:
        yield "The question found nothing, and the option says that you know. "
    elif limit:
        yield "Not every line has a proof in this bundle, and the option says that you know."


def _step(told: str, command: str, *more: Node) -> Markup:
    note = element("p", *more) if more else joined()
    return joined(element("p", told), element("p", code(command), class_="command"), note)


# The section on the bundle: its files with their hashes, and the key that signed the archive.


def files_section(report: Report) -> Markup:
    """What the bundle holds."""
    # What lies at the top is what a person opens; proofs and statements are many.
    files = sorted(report.files, key=lambda each: each.name.count("/") > 0)
    columns = [Column("File", "code"), Column("Bytes", "number"), Column("SHA-256", "code")]
    more = left_out(len(files), where=SUMS)
    return section(
        "files",
        "Files and keys",
        element("p", *_proven(report)),
        bullets(report.reasons) if report.reasons else nothing(),
        table("Files", columns, map(_file, files[:MOST_ROWS]), more=more, kind="files"),
        element("p", "The hashes of all files, of every statement and proof too, are in ", code(SUMS), "."),
        _chooser(),
        element("h3", "The key that signed the archive"),
        *_key(report),
    )


def _proven(report: Report) -> Iterator[Node]:
    proven, matched = report.proven, report.coverage.matched
    if not matched:
        yield "No entry matches, so there is no line to prove."
        return
    yield element("strong", f"{number(proven)} of {number(matched)} lines have a proof in this bundle.")
    yield " A proof shows that the archive held exactly this line when its checkpoint was signed."
    if proven < matched:
        yield " The others agreed with their statements when the bundle was made. Why they have none:"


def _file(each: BundleFile) -> list[Node]:
    return [each.name, number(each.size), each.sha256]


def _chooser() -> Markup:
    """A file is hashed where the reader is; the script takes the expected hashes from the table."""
    label = element("label", "Check files of this bundle", for_="chooser")
    note = element(
        "p",
        "Choose any of them. They are hashed on this computer; nothing is sent anywhere.",
        id="chooser-note",
    )
    chooser = element("input", type="file", id="chooser", multiple=True, aria_describedby="chooser-note")
    told = element("ul", id="chosen", role="status", aria_label="What was found")
    control = element("div", label, note, chooser, told, id="choosing", class_="checks", hidden=True)
    needs = element("p", "With JavaScript this page can hash files of the bundle for you.")
    return element("div", control, element("noscript", needs), class_="no-print")


def _key(report: Report) -> Iterator[Markup]:
    key = report.signer
    if key is None:
        yield notice(
            "warn",
            "This archive is not signed.",
            element("p", "Its hashes show that it is consistent in itself. Nothing shows who made it."),
        )
        return
    der = sha256(key.spki).hexdigest()
    yield facts(("Key id", code(key.key_id.hex())), ("SHA-256 of its DER", code(der)))
    yield element(
        "p",
        "This key is as trustworthy as the way it came to you. Get it another way than with this bundle, "
        "from whoever answers for the archive, and compare: this prints the SHA-256 above, if it is the same "
        "key.",
    )
    yield element("p", code("openssl pkey -pubin -in KEY.pem -outform DER | sha256sum"), class_="command")
