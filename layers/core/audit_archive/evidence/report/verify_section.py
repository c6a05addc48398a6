"""The sections that let a reader check the bundle: its files and key; what to run, and what that shows."""

from collections.abc import Iterator
from hashlib import sha256

from audit_archive.evidence.model import BundleFile, Report
from audit_archive.evidence.report.first_look import first_look
from audit_archive.evidence.report.parts import MOST_ROWS, left_out
from audit_archive.format.bundle_note import SUMS
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import (
    Column,
    bullets,
    code,
    facts,
    nothing,
    notice,
    number,
    section,
    table,
)

_SHOWN = (
    "Every line with a proof was in the archive, exactly as it is here, when its checkpoint was signed.",
    "The statements form one chain: no statement was altered, removed or inserted.",
    "Which ids are archived, and which are missing and why, as the archive stated at the time.",
    "If you have the key from another source: that its holder signed this archive.",
)
_NOT_SHOWN = (
    "That the Console's audit trail was true or complete. The archive proves what the Console served.",
    "That the bundle holds every entry that matches the question. Proofs are about the lines in the bundle.",
    "That the newest statements were not removed, unless you kept an earlier checkpoint (--checkpoint).",
    "When a statement was made. The times are those of the archive's own clock.",
    "Who made the archive, unless you got the key from a source that is not this bundle.",
    "That this page is genuine. Its own checks came with the bundle, and a person who can alter the one can "
    "alter the other. Rely on verify.py.",
    "Who signed the list of files, unless you got the bundle key from a source that is not this bundle. Its "
    "signature says who made the bundle. It does not say that an entry was archived: a proof does.",
)


def verify_section(report: Report) -> Markup:
    """Three steps, what they show, and what they can't show."""
    return section(
        "verify",
        "Verify it yourself",
        element(
            "p",
            "You need no login, no network, and no trust in the people who made this bundle. Unpack the "
            "bundle, and open a terminal in its folder. ",
            code("verify.py"),
            " needs Python 3.9 or newer, and the package ",
            code("cryptography"),
            " to check signatures. It is one file: read it, or have it read, before you run it. The option ",
            code("-I"),
            " keeps Python from running any other file of the folder.",
        ),
        element("ol", *(element("li", step) for step in _steps(report))),
        *first_look(),
        element("h3", "What this shows"),
        bullets(_SHOWN),
        element("h3", "What it can't show"),
        bullets(_NOT_SHOWN),
        element(
            "p",
            "A proof holds hashes of other entries. A hash does not keep an entry secret from a person who "
            "can guess it: with all fields but one known, the last can be found by trying values against "
            "the hash.",
        ),
    )


def _steps(report: Report) -> Iterator[Markup]:
    is_signed = report.signer is not None
    key = " --key KEY.pem" if is_signed else " --without-signatures"
    key += " --bundle-key BUNDLE-KEY.pem" if report.bundle_key is not None else ""
    limit = " --without-proofs" if report.proven < report.coverage.matched else ""
    limit = limit if report.coverage.matched else " --without-lines"
    yield _step(
        "Check lines, proofs, statements and signatures. The last line of the output must begin with VALID"
        f"{', and name the key' if is_signed else ''}.",
        f"python3 -I verify.py .{key}{limit}",
        *_why(report, limit),
    )
    yield _step(
        "Check for damage in transit. (It does not show tampering: a person who alters a file can alter this "
        "list. Where there is no sha256sum, as on many Macs, shasum -a 256 does the same.)",
        "sha256sum -c SHA256SUMS",
    )
    if is_signed:
        yield joined(
            "Compare the key with one that you got from another source: see ",
            element("a", "files and keys", href="#files"),
            ".",
        )


def _why(report: Report, limit: str) -> Iterator[Node]:
    if report.signer is None:
        yield "This archive is not signed, so there is no key to check it with. "
    if report.coverage.matched == 0:
        yield "No entry matches the question, and the last option tells verify.py that you know this."
    elif limit:
        yield "Not every line has a proof here, and the last option tells verify.py that you know this."


def _step(purpose: str, command: str, *more: Node) -> Markup:
    note = element("p", *more) if more else nothing()
    return joined(element("p", purpose), element("p", code(command), class_="command"), note)


def files_section(report: Report) -> Markup:
    """The files of the bundle with their hashes, and the key that signed the archive."""
    # A person opens the files at the top; those in folders are many.
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
        element("h3", "The key that signed this bundle"),
        *_bundle_key(report),
    )


def _proven(report: Report) -> Iterator[Node]:
    proven, matched = report.proven, report.coverage.matched
    if not matched:
        yield "No entry matches, so there is no line to prove."
        return
    yield element("strong", f"{number(proven)} of {number(matched)} lines have a proof in this bundle.")
    yield " A proof shows that the archive held exactly this line when its checkpoint was signed."
    if proven < matched:
        yield (
            " The other lines matched their statements when the bundle was made. They have no proof because:"
        )


def _file(each: BundleFile) -> list[Node]:
    return [each.name, number(each.size), each.sha256]


def _chooser() -> Markup:
    """Hashes files on the reader's computer. The script takes the expected hashes from the table of files."""
    label = element("label", "Check files of this bundle", for_="chooser")
    note = element(
        "p",
        "Choose any of them. This page hashes them on your computer, and sends nothing.",
        id="chooser-note",
    )
    chooser = element("input", type="file", id="chooser", multiple=True, aria_describedby="chooser-note")
    results = element("ul", id="chosen", role="status", aria_label="Results")
    control = element("div", label, note, chooser, results, id="choosing", class_="checks", hidden=True)
    needs = element("p", "With JavaScript this page can hash files of the bundle for you.")
    return element("div", control, element("noscript", needs), class_="no-print")


def _key(report: Report) -> Iterator[Markup]:
    key = report.signer
    if key is None:
        yield notice(
            "warn",
            "This archive is not signed.",
            element("p", "Its hashes show that it is consistent. They do not show who made it."),
        )
        return
    der = sha256(key.spki).hexdigest()
    yield facts(("Key id", code(key.key_id.hex())), ("SHA-256 of its DER", code(der)))
    yield element(
        "p",
        "Do not trust this key because it is in the bundle. Get the key a second time, from the person who "
        "is responsible for the archive, and compare the two: for the same key, this command prints the "
        "SHA-256 above.",
    )
    yield _compare("KEY.pem")


def _bundle_key(report: Report) -> Iterator[Markup]:
    key = report.bundle_key
    if key is None:
        told = f"This bundle is not signed: nothing but its hash in {SUMS} vouches for this page."
        yield element("p", told)
        return
    der = sha256(key.spki).hexdigest()
    yield facts(("Key id", code(key.key_id.hex())), ("SHA-256 of its DER", code(der)))
    yield element(
        "p",
        f"It signs {SUMS}, and so every file here, this page too. ",
        code("canary-audit keys"),
        " tells the key of the stack: compare the two, and give that one to verify.py with --bundle-key.",
    )


def _compare(file: str) -> Markup:
    command = f"openssl pkey -pubin -in {file} -outform DER | sha256sum"
    return element("p", code(command), class_="command")
