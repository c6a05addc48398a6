"""The condition keys that the emulator is given."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.aws.ministack_with_keys import keys_of, role_of, with_keys


def test_the_headers_of_a_put_give_their_keys() -> None:
    until = datetime.now(UTC) + timedelta(days=2556)
    headers = {
        "If-None-Match": "*",
        "x-amz-object-lock-mode": "COMPLIANCE",
        "x-amz-object-lock-retain-until-date": until.isoformat().replace("+00:00", "Z"),
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-meta-console": "1234abcd",
    }
    assert keys_of(headers) == {
        "s3:if-none-match": "*",
        "s3:object-lock-mode": "COMPLIANCE",
        "s3:object-lock-remaining-retention-days": "2555",
        "s3:x-amz-server-side-encryption-customer-algorithm": "AES256",
    }
    assert keys_of({}) == {}


@pytest.mark.parametrize(("action", "is_put"), [("s3:PutObject", True), ("s3:GetObject", False)])
def test_they_go_beside_what_the_emulator_knows(action: str, is_put: bool) -> None:
    def known(*_: Any) -> dict[str, Any]:
        return {"s3:prefix": "a"}

    found = with_keys(known)(action, None, "/bucket/key", {"if-none-match": "*"})
    assert found == {"s3:prefix": "a"} | ({"s3:if-none-match": "*"} if is_put else {})


@pytest.mark.parametrize(
    ("principal", "role"),
    [
        ("arn:aws:sts::111122223333:assumed-role/archive/session", "arn:aws:iam::111122223333:role/archive"),
        ("arn:aws:iam::111122223333:role/archive", "arn:aws:iam::111122223333:role/archive"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
    ],
)
def test_the_principal_of_a_session_is_its_role(principal: str, role: str) -> None:
    assert role_of(principal) == role
