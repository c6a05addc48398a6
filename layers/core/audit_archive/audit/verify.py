"""The audit of an archive. `verify_archive` is the whole of it; read it first.

1. The whole chain: every statement, its hash, lock and signature, and what it states of ids and tree.
2. The settings of the bucket, where the caller says what they should be; else they count as not checked.
3. If the question names a checkpoint: the proof that the archive only grew since.
4. The objects of the asked-for statements, as deep as was asked and as long as there is time.
5. The report.
"""

from audit_archive.audit.growth import GrowthProof
from audit_archive.audit.overview import WalkedChain
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.report import report_of
from audit_archive.audit.settings import judge_settings
from audit_archive.audit.share import ObjectAudit
from audit_archive.audit.strays import look_for_strays
from audit_archive.audit.work import Work, judge_chain, working
from audit_archive.format.bucket_settings import Setting
from audit_archive.format.verdicts import Checked, Growth, Verification, Why


def verify_archive(audit: Audit, question: AuditQuestion) -> Verification:
    """Audit an archive. Whatever is wrong with the archive is in the report.

    Raises ArchiveStoreError if the archive can't be read, SettingsError for a full disk.
    """
    with working(audit, question) as work:
        chain = judge_chain(work)
        if audit.settings is not None:
            judge_settings(audit.settings, chain.longest_lock, work.tally)
        elif not chain.is_copy:
            work.tally.skip(Checked.SETTINGS, Why.DEPTH, len(Setting))
        growth = _prove_growth(work, chain)
        objects = ObjectAudit(work, chain)
        # A second walk, from the first asked-for statement. The first walk has reported its faults.
        continue_at = objects.check(work.second_walk().steps(chain.start, question.to_seq))
        look_for_strays(audit, question, chain, work.tally, is_early=continue_at is not None)
    return report_of(question, chain, work.tally, work.keys, continue_at=continue_at, growth=growth)


def _prove_growth(work: Work, chain: WalkedChain) -> Growth | None:
    since = work.question.since
    if since is None:
        return None
    return GrowthProof(work.audit, chain, work.keys, work.tally, work.second_walk()).prove(since)
