"""The section on the bundle: its files with their hashes, and the key that signed the archive."""

from collections.abc import Iterator
from hashlib import sha256

from audit_archive.domain.evidence import BundleFile, Report
from audit_archive.report.markup import Markup, Node, element
from audit_archive.report.parts import (
    ROWS,
    Column,
    bullets,
    code,
    facts,
    left_out,
    nothing,
    notice,
    section,
    table,
)
from audit_archive.report.words import number

SUMS = "SHA256SUMS"


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
        table("Files", columns, map(_file, files[:ROWS]), more=more, kind="files"),
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
