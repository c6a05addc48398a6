"""Settings of the bucket: what means the same is no difference, and every real change is one."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings, setting_difference
from audit_archive.format.facts import LockMode
from tests.support.rows import all_rows

ROLE = "arn:aws:iam::111122223333:role/archive"
FACTS = BucketFacts("bucket", ROLE, 2555, 2560, LockMode.GOVERNANCE, f"{ROLE}-glass", f"{ROLE}-deploy")
EXPECTED = expected_settings(FACTS)


def respelled(value: Any, spell: Any) -> Any:
    """The same setting as S3 may give it: numbers as text, lists in another order, a list of one bare."""
    if isinstance(value, dict):
        return {name: respelled(each, spell) for name, each in reversed(value.items())}
    if isinstance(value, list):
        many = [respelled(each, spell) for each in value]
        return many[0] if len(many) == 1 and isinstance(many[0], str) and spell(3) else many[:: spell(2)]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if spell(3) else value
    return value


@given(st.sampled_from(Setting), st.randoms())
def test_what_means_the_same_is_no_difference(setting: Setting, random: Any) -> None:
    def spell(kind: int) -> Any:
        return random.choice([1, -1]) if kind == 2 else random.random() < 0.5

    # S3 gives lists of texts bare in policies alone.
    found = respelled(EXPECTED[setting], spell)
    assert setting_difference(setting, EXPECTED[setting], found) is None


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a setting that is no collection."""
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in leaves(each, (*path, name))]
    if isinstance(value, list):
        return [leaf for at, each in enumerate(value) for leaf in leaves(each, (*path, at))]
    return [path]


LEAVES = [(s, path) for s in Setting for path in leaves(EXPECTED[s]) if path != ("Version",)]


@pytest.mark.parametrize("is_removed", [False, True], ids=["changed", "removed"])
def test_a_change_of_anything_is_a_difference(is_removed: bool) -> None:
    """Of every scalar in every setting. Only the version of the policy has no effect on what it says."""
    assert len(LEAVES) > 140
    for setting, path in LEAVES:
        found: Any = copy.deepcopy(EXPECTED[setting])
        holder = found
        for step in path[:-1]:
            holder = holder[step]
        if is_removed and holder[path[-1]] == "":
            continue  # an empty prefix is as good as none
        if is_removed:
            del holder[path[-1]]
        else:
            holder[path[-1]] = "else"
        clause = setting_difference(setting, EXPECTED[setting], found)
        assert clause is not None, (setting, path)
        assert clause.startswith("is not the one of the stack's template: "), clause


def test_a_difference_names_what_was_changed_added_and_removed() -> None:
    policy = copy.deepcopy(EXPECTED[Setting.POLICY])
    first, second = policy["Statement"][:2]
    second["Effect"] = "Allow"
    policy["Statement"] = [second, *policy["Statement"][2:], {**first, "Sid": "Mine"}]
    clause = setting_difference(Setting.POLICY, EXPECTED[Setting.POLICY], policy)
    assert clause is not None
    assert "statement OnlyOverTls is missing" in clause
    assert "statement NobodyDeletesNorShortensALock was changed" in clause
    assert "statement Mine was added" in clause


def test_a_second_change_of_the_same_statement_reads_differently() -> None:
    """A finding is told once: what is told of a further change must be another sentence."""
    told = set()
    for days in (2555, 1, 2):
        policy = copy.deepcopy(EXPECTED[Setting.POLICY])
        (short,) = (each for each in policy["Statement"] if each["Sid"] == "NoShortLock")
        short["Condition"]["NumericLessThan"] = {"s3:object-lock-remaining-retention-days": days}
        told.add(setting_difference(Setting.POLICY, EXPECTED[Setting.POLICY], policy))
    assert len(told) == 3
    assert None in told


@all_rows("setting", Setting)
def test_a_setting_that_is_not_set_differs(setting: Setting) -> None:
    assert setting_difference(setting, EXPECTED[setting], None) == "is not set"
    assert setting_difference(setting, EXPECTED[setting], {}) is not None


def test_a_second_statement_of_one_name_or_of_none_shows() -> None:
    policy = copy.deepcopy(EXPECTED[Setting.POLICY])
    policy["Statement"] += [copy.deepcopy(policy["Statement"][0])]
    assert setting_difference(Setting.POLICY, EXPECTED[Setting.POLICY], policy) is not None
    policy["Statement"][-1] = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    assert setting_difference(Setting.POLICY, EXPECTED[Setting.POLICY], policy) is not None


def test_what_s3_adds_by_itself_is_no_difference() -> None:
    """Since April 2026 a new bucket refuses keys of the caller's; emulators add zeroes."""
    encryption = {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BucketKeyEnabled": False,
                "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
            }
        ]
    }
    assert setting_difference(Setting.ENCRYPTION, EXPECTED[Setting.ENCRYPTION], encryption) is None
    lock = {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2555, "Years": 0}},
    }
    assert setting_difference(Setting.LOCK, EXPECTED[Setting.LOCK], lock) is None


@pytest.mark.parametrize("form", [{"Prefix": "rejected/"}, {"Filter": {"Prefix": "rejected/"}}])
def test_a_prefix_may_stand_in_two_places(form: dict[str, Any]) -> None:
    lifecycle = copy.deepcopy(EXPECTED[Setting.LIFECYCLE])
    (rule,) = (each for each in lifecycle["Rules"] if each["ID"] == "rejected")
    del rule["Filter"]
    rule.update(form)
    assert setting_difference(Setting.LIFECYCLE, EXPECTED[Setting.LIFECYCLE], lifecycle) is None
    rule.update({"Filter": {"Prefix": "rejected/", "ObjectSizeGreaterThan": 1}})
    assert setting_difference(Setting.LIFECYCLE, EXPECTED[Setting.LIFECYCLE], lifecycle) is not None


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_bucket_is_in_the_partition_of_the_role(partition: str) -> None:
    facts = BucketFacts("b", ROLE.replace("aws", partition, 1), 91, 93, LockMode.COMPLIANCE)
    assert facts.arn == f"arn:{partition}:s3:::b"
