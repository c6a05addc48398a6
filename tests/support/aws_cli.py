"""`aws`, as far as the blocks of our pages need it: a request by its names, a query, and two forms of output.

The real one is no library, and not everywhere. The names of commands and options are AWS's own, by botocore.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.session import get_session

OF_THE_CLI = {"query", "output", "cli-binary-format", "cli-read-timeout", "cli-input-json"}
session = cache(get_session)
SCALARS: dict[str, Callable[[str], Any]] = {"integer": int, "long": int, "blob": str.encode}


def main(words: list[str]) -> None:
    """Carry out one command, and print what it answers."""
    service, name, *rest = words
    options, places = split(rest)
    if service == "s3":
        copy(*places)
        return
    client: Any = session().create_client({"s3api": "s3"}.get(service, service))
    method = name.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {
        xform_name(member, "-"): (member, shape) for member, shape in model.input_shape.members.items()
    }
    request: dict[str, Any] = json.loads(read(options.get("cli-input-json", "{}")))
    for option in set(options) - OF_THE_CLI:
        member, shape = members[option]
        request[member] = SCALARS.get(shape.type_name, str)(read(options[option]))
    answer = getattr(client, method)(**request)
    for body in {"Body", "Payload"} & set(answer) if places else ():
        with Path(places[0]).open("wb") as file:
            shutil.copyfileobj(answer.pop(body), file)
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(options["query"], answer) if "query" in options else answer
    told = text_of(found) if options.get("output") == "text" else json.dumps(found, default=str)
    sys.stdout.write(f"{told}\n")


def split(rest: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options with their values, and what is no option."""
    options, places, words = dict[str, str](), list[str](), iter(rest)
    for word in words:
        if word == "--recursive":
            continue
        if word.startswith("--"):
            options[word[2:]] = next(words)
        else:
            places.append(word)
    return options, places


def read(value: str) -> str:
    """A value, or what is in the file that it names."""
    return Path(value[7:]).read_text() if value.startswith("file://") else value


def copy(place: str, to: str) -> None:
    """`s3 cp`: an object to stdout, or all below a folder into a folder."""
    client: Any = session().create_client("s3")
    bucket, _, key = place.removeprefix("s3://").partition("/")
    if to == "-":
        sys.stdout.buffer.write(client.get_object(Bucket=bucket, Key=key)["Body"].read())
        return
    Path(to).mkdir(exist_ok=True)
    for each in client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", ()):
        body = client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        (Path(to) / each["Key"].rpartition("/")[2]).write_bytes(body)


def text_of(found: Any) -> str:
    """A value as `--output text` has it."""
    return "\t".join(map(text_of, found)) if isinstance(found, list) else str(found)


if __name__ == "__main__":
    main(sys.argv[1:])
