"""What Lambda does to the functions: `python -m tests.processes.sandbox SOCKET`.

It imports the functions as Lambda would, the archive function and the one that decides. Then it makes
a process for everybody who connects: a fork, because the imports alone take a second. Nothing but code and
service models is loaded before the fork: every process opens its own connections and reads its own settings
and secrets.

The first line in has the environment variables that the function sees; the first line out is {"pid": ...}.
Then in: {"event": ..., "request_id": ..., "seconds": ..., "at": time.monotonic() of the start},
and out: {"result": ...}, or {"error": class, "message": ...}.
"""

import json
import os
import signal
import socket
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import IO, Any

import boto3

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("s3", "dynamodb", "secretsmanager", "sns", "kms")
READY = "ready"


class Context:
    """Lambda's context object; its time runs out for real."""

    function_name = "archive"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:archive"

    def __init__(self, request_id: str, seconds: float) -> None:
        self.aws_request_id = request_id
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the process."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def main() -> None:
    """Import the functions, listen, and make a process for each connection, until somebody ends this one."""
    sys.path.insert(0, str(ROOT / "layers" / "core"))
    archive, operate = _handler("archive"), _handler("operate")

    def handler(event: dict[str, Any], context: Context) -> Any:
        return (operate if "action" in event else archive)(event, context)

    for service in SERVICES:
        boto3.client(service)  # type: ignore[call-overload]  # thrown away: only its model stays loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print(READY, flush=True)  # noqa: T201
        while True:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    serve(handler, connection)
                    os._exit(0)


def _handler(function: str) -> Any:
    """The handler of a function: the file of each is called `app.py`."""
    spec = spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def serve(handler: Any, connection: socket.socket) -> None:
    """Carry out invocation after invocation until the other side closes."""
    with connection.makefile("rw", encoding="utf-8") as lines:
        os.environ.update(json.loads(lines.readline()))
        _say(lines, {"pid": os.getpid()})
        for line in lines:
            asked = json.loads(line)
            time.sleep(max(0.0, asked["at"] - time.monotonic()))
            _say(lines, _invoked(handler, asked))


def _invoked(handler: Any, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": handler(asked["event"], Context(asked["request_id"], asked["seconds"]))}
    except Exception as error:  # noqa: BLE001 - Lambda reports whatever is raised
        return {"error": type(error).__name__, "message": str(error)}


def _say(lines: IO[str], said: dict[str, Any]) -> None:
    lines.write(json.dumps(said) + "\n")
    lines.flush()


if __name__ == "__main__":
    main()
