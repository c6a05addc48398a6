"""Every error this product raises, one class per decision a person takes.

    AuditArchiveError
    ├── RequestError              the caller corrects the event; names the field
    ├── SettingsError             the deployer corrects the stack, a secret or a setting
    ├── ConsoleError              look: the Console answered something that it should not
    │   ├── ConsoleAuthError      look: the key is wrong, rotated, too weak, or sent the wrong way
    │   └── ConsoleUnavailableError   wait: outage, rate limit, network; the next run does it
    ├── InvalidExportError        look: the export is not what the format allows; no statement was made
    ├── ArchiveStoreError         wait: the bucket did not answer, or refused; the next run does it
    ├── LedgerError               wait: the ledger did not answer, or refused; the next run does it
    ├── SigningError              wait: the signing key did not answer, or refused; the next run does it
    └── PageError                 wake a person: the archive or the trail is not what it should be
        ├── IntegrityError            what is stored is not whole, not locked, or was tampered with
        ├── RollbackError             the Console's trail went backwards (reset, restored, replaced)
        ├── PopulationMismatchError   the purge would destroy entries that the export does not hold
        └── PurgeMismatchError        a purge destroyed more than was archived; held until `resume`

What needs no person (`idle`, `busy`, `superseded`) is an outcome of a run, not an error.
A message says what happened, to what, and what to do; it never carries an API key. Where it leaves the
program it ends with the address of its class's section in the runbook (`told`).
"""

SITE = "https://canary-audit-archive.github.io/"
"""Where the pages of `docs/` are published."""


def runbook_url(section: str) -> str:
    """The address of a section of the published runbook (`docs/operations.md`).

    `section`: the name of an error class, of a kind of finding, of an alarm, or another anchor on that page.
    """
    return f"{SITE}operations/#{section.lower()}"


def command_url(section: str = "") -> str:
    """The address of the published page about the command (`docs/command-line.md`), or of a section of it."""
    return f"{SITE}command-line/{section and '#' + section}"


class AuditArchiveError(Exception):
    """Base of every error that this product raises on purpose."""

    @property
    def url(self) -> str:
        """Where the published runbook says what to do about an error of this class."""
        return runbook_url(type(self).__name__)

    @property
    def told(self) -> str:
        """The message as a person gets it: it ends with the address of its section."""
        message = str(self)
        return message if message.endswith(self.url) else f"{message.rstrip('. ')}. See {self.url}"


class RequestError(AuditArchiveError):
    """An event or a request that can't be carried out as written.

    `field` is the name of the offending field as the caller wrote it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class SettingsError(AuditArchiveError):
    """A setting, a secret or a piece of the stack is missing or wrong."""


class ConsoleError(AuditArchiveError):
    """The Console answered with an error, or with something that is not its API."""


class ConsoleAuthError(ConsoleError):
    """The Console refused the API key (401, 403 in its own words, or its error text says so)."""


class ConsoleUnavailableError(ConsoleError):
    """The Console could not be reached, or asked us to come back later."""


class InvalidExportError(AuditArchiveError):
    """The export is damaged, or not of a shape that the format allows."""


class ArchiveStoreError(AuditArchiveError):
    """The archive bucket did not answer or refused a request."""


class LedgerError(AuditArchiveError):
    """The ledger table did not answer or refused a request."""


class SigningError(AuditArchiveError):
    """The signing key did not answer, refused a request, or gave a signature that is not valid."""


class PageError(AuditArchiveError):
    """A person must look now: the run ended here. Only a PurgeMismatchError holds later purges too."""


class IntegrityError(PageError):
    """A stored object is not as it was put: altered, missing, unlocked, or out of the chain."""


class RollbackError(PageError):
    """The Console's trail went backwards: it was reset, restored or replaced."""


class PopulationMismatchError(PageError):
    """The purge key sees a number of entries that the archived export does not account for."""


class PurgeMismatchError(PageError):
    """A purge reported more destroyed entries than were archived."""
