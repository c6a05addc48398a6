"""The end of the demo: an auditor's question, the bundle of evidence that answers it, and the check of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any
from urllib.request import urlopen
from zipfile import ZipFile

from local.aws import Laptop
from local.aws.sam import ROOT
from local.console.vocabulary import PEOPLE
from local.demo.screen import Screen

BUNDLE = ROOT / "bundle"
"""The folder of the bundle. Each demo replaces it."""

KEYS = {
    "--key": ("SIGNING_KEY", ROOT / "signing-key.pem"),
    "--bundle-key": ("BUNDLE_KEY", ROOT / "bundle-key.pem"),
}
"""The public keys that are left beside the bundle, not in it: by option, their setting and file."""

PEM_WIDTH = 64  # RFC 7468, section 2

YEAR = timedelta(days=365)


def question_of(laptop: Laptop) -> dict[str, Any]:
    """Everything that one person did within a year, but for today, of which more may come."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "retrieve-evidence.json").read_text())
    user = PEOPLE[0][0]
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    reason = f"access review: everything {user} did within a year"
    dates = {"from": str(yesterday - YEAR), "to": str(yesterday)}
    return event | dates | {"console": laptop.console.id, "user": user, "reason": reason}


def unpack(answer: Mapping[str, Any]) -> Path:
    """Fetch the bundle by the link in an answer, and unpack it where it stays."""
    with urlopen(answer["report"]["link"]) as file:  # noqa: S310 - the emulator's, on loopback
        data = file.read()
    shutil.rmtree(BUNDLE, ignore_errors=True)
    ZipFile(BytesIO(data)).extractall(BUNDLE)
    return BUNDLE


def check(laptop: Laptop, screen: Screen, bundle: Path) -> bool:
    """Check it as an auditor does, with keys that do not come from the bundle."""
    kms = laptop.aws.session.client("kms", endpoint_url=laptop.aws.endpoint)
    for setting, file in KEYS.values():
        file.write_text(_pem(kms.get_public_key(KeyId=laptop.stack.settings()[setting])["PublicKey"]))
    told = " ".join(f"{option} {file.name}" for option, (_, file) in KEYS.items())
    screen.say("An auditor checks it, without AWS, with public keys from another source:")
    screen.lines(f"  $ .venv/bin/python -I {bundle.name}/verify.py {bundle.name} {told}")
    ran = subprocess.run(
        [
            sys.executable,
            "-I",
            bundle / "verify.py",
            bundle,
            *(f"{o}={file}" for o, (_, file) in KEYS.items()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    screen.lines("".join(f"  {line}\n" for line in (ran.stdout + ran.stderr).splitlines()).rstrip())
    return ran.returncode == 0


def _pem(public: bytes) -> str:
    body = "\n".join(wrap(b64encode(public).decode(), PEM_WIDTH))
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
