"""Archives that released versions made. Every later version verifies them and answers from them.

`make.py` makes one; docs/releasing.md says when. `<version>.sha256` lists the files of `<version>/`.
"""

import re
import sys
from hashlib import sha256
from pathlib import Path

GOLDEN = Path(__file__).parent
ROOT = GOLDEN.parents[1]
_CORE = str(ROOT / "layers" / "core")
if _CORE not in sys.path:  # pytest puts it there, `python -m` does not
    sys.path.insert(0, _CORE)

CHANGELOG = ROOT / "CHANGELOG.md"
ARCHIVE, BUNDLE, KEY = "archive", "bundle.zip", "signing-key.pem"
CHECKPOINT, ANSWER, EXPECTED = "kept-checkpoint.txt", "answer.ndjson", "expected.json"

_RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", re.MULTILINE)


def made() -> list[str]:
    """The versions whose archives are kept."""
    return sorted(path.name for path in GOLDEN.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", path.name))


def released(changelog: str) -> list[str]:
    """The versions to which a changelog gives a date: those can't be taken back."""
    return _RELEASE.findall(changelog)


def sums_of(folder: Path) -> str:
    """The SHA-256 of every file in a folder, as `sha256sum` writes them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{sha256(f.read_bytes()).hexdigest()}  {f.relative_to(folder).as_posix()}\n" for f in files
    )
