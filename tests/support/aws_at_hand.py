"""`aws` of `aws_cli.py`, for whoever types it often: each call is a fork of a process that has the imports.

`python -m tests.support.aws_at_hand SOCKET` is that process. The program that `put` writes sends it the
words, the folder and its own input and outputs, and ends as the fork ends.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import sys
from pathlib import Path

READY = "ready"
SERVICES = ("s3", "lambda", "sqs", "logs", "scheduler")
PROGRAM = """#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    asked = json.dumps([os.getcwd(), sys.argv[1:]]).encode()
    server.sendmsg([asked], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(3) or 1))
"""


def put(folder: Path, path: Path) -> None:
    """Write the program `aws` into a folder; it asks the process at `path`."""
    program = folder / "aws"
    program.write_text(PROGRAM.format(python=sys.executable, path=str(path)))
    program.chmod(0o755)


def main() -> None:
    """Listen, and make a process for each call, until somebody ends this one."""
    from tests.support import aws_cli  # noqa: PLC0415 - whoever writes the program needs none of it

    for service in SERVICES:
        aws_cli.session().create_client(service)  # thrown away: only its model stays loaded
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
                    connection.send(str(_called(connection)).encode())
                    os._exit(0)


def _called(connection: socket.socket) -> int:
    """Carry out one call with the caller's input and outputs; its exit status."""
    from tests.support import aws_cli  # noqa: PLC0415

    asked, given, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    for number, theirs in enumerate(array.array("i", given[0][2])):
        os.dup2(theirs, number)
    folder, words = json.loads(asked)
    os.chdir(folder)
    try:
        aws_cli.main(words)
    except Exception:  # noqa: BLE001 - as Python does at the end of a program
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
