"""The stack's code as an installed command deploys it: built, put into a bucket, and named in the template.

What `sam build` and `sam package` do for `make deploy`, without them: an installed command has neither. The
layer is built by the same recipe, `layers/core/Makefile`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import audit_archive
from cli import sources
from cli.exits import Exit, Failure
from cli.stack import CloudError, Stack, asking, error_code_of

FOLDER = "canary-audit-archive"
"""What the objects in the bucket for code begin with."""
LOCAL = re.compile(r"^( *(?:CodeUri|ContentUri): )((?:functions|layers)/\S+)$", re.MULTILINE)
"""How the template names code that is beside it."""


def own_template() -> str:
    """The template of this version; its code is beside it."""
    return (sources.root() / "template.yaml").read_text(encoding="utf-8")


def packaged(template: str, stack: Stack, bucket: str, parameters: Mapping[str, str]) -> str:
    """A template with its code in the bucket. A template that names no code beside it comes back as it is.

    Raises Failure if the layer can't be built, CloudError.
    """
    places = {path for _, path in LOCAL.findall(template)}
    uris = {
        path: f"s3://{bucket}/{put(stack, bucket, archive_of(path, parameters), '.zip')}" for path in places
    }
    return LOCAL.sub(lambda found: f"{found[1]}{uris[found[2]]}", template)


def put(stack: Stack, bucket: str, data: bytes, suffix: str) -> str:
    """Put an object under its own hash; give its key. Raises CloudError."""
    key = f"{FOLDER}/{sha256(data).hexdigest()}{suffix}"
    with asking(f"{key} can't be put into the bucket {bucket}"):
        owner = {"ExpectedBucketOwner": account_of(stack)}
        stack.client("s3").put_object(Bucket=bucket, Key=key, Body=data, **owner)
    return key


def account_of(stack: Stack) -> str:
    """The caller's account. Raises CloudError."""
    with asking("AWS can't be asked who you are"):
        return str(stack.client("sts").get_caller_identity()["Account"])


def bucket_name(stack: Stack) -> str:
    """The name of the bucket for code, one for each account and region."""
    return f"canary-audit-code-{account_of(stack)}-{stack.region}"


def make_bucket(stack: Stack, bucket: str) -> bool:
    """Make the bucket for code, closed to others; False if it is there. Raises CloudError, Failure."""
    s3 = stack.client("s3")
    try:
        with asking(f"The bucket {bucket} can't be looked at"):
            s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account_of(stack))
    except CloudError as error:
        if error_code_of(error) in {"403", "AccessDenied"}:
            message = (
                f"The bucket {bucket} is not yours, or you may not look at it. Name one of your own with "
                "--code-bucket."
            )
            raise Failure("ForeignBucket", message, Exit.FAILED) from error
        if error_code_of(error) not in {"404", "NoSuchBucket", "NotFound"}:
            raise
    else:
        return False
    place = {} if stack.region == "us-east-1" else {"LocationConstraint": stack.region}
    with asking(f"The bucket {bucket} can't be made"):
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    return True


def archive_of(path: str, parameters: Mapping[str, str]) -> bytes:
    """The zip of a function, or of the layer for a Runtime and Architecture. Raises Failure."""
    if path.startswith("functions/"):
        return zipped(sources.root() / path, leave="__pycache__")
    with TemporaryDirectory() as folder:
        return zipped(_layer(Path(folder), parameters))


def _layer(folder: Path, parameters: Mapping[str, str]) -> Path:
    """Build the layer as `sam build` does, with `make` and pip."""
    source, built = folder / "source", folder / "built"
    shutil.copytree(
        sources.root() / "layers" / "core", source, ignore=shutil.ignore_patterns("audit_archive")
    )
    package = Path(audit_archive.__file__).parent
    shutil.copytree(package, source / "audit_archive", ignore=shutil.ignore_patterns("__pycache__"))
    chosen = {"Runtime": "LAYER_RUNTIME", "Architecture": "LAYER_ARCH"}
    given = [f"{variable}={parameters[name]}" for name, variable in chosen.items() if name in parameters]
    command = ["make", "build-CoreLayer", f"ARTIFACTS_DIR={built}", f"PYTHON={sys.executable}", *given]
    env = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    try:
        done = subprocess.run(  # noqa: S603 - our own recipe
            command,
            cwd=source,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        message = "The layer is built with `make`, which is not here. Install it, or give --template."
        raise Failure("NoMake", message, Exit.FAILED) from error
    if done.returncode != 0:
        last = " ".join((done.stdout + done.stderr).splitlines()[-4:])
        raise Failure("NotBuilt", f"The layer can't be built: {last}", Exit.FAILED)
    return built


def zipped(folder: Path, leave: str = "") -> bytes:
    """A folder as a zip: the same files give the same bytes, whenever they were written.

    `leave`: folders of this name are left out.
    """
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        for path in _files(folder, leave):
            entry = ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o100755 << 16, ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return data.getvalue()


def _files(folder: Path, leave: str) -> Iterator[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and leave not in path.parts)
    yield from sorted(found)
