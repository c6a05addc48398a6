"""How every command ends: an answer and an exit status, whatever happens. No person ever sees a traceback."""

import errno
import io
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import click

from audit_archive import __version__
from audit_archive.errors import AuditArchiveError
from cli.exits import Exit, Failure, Misused, failure_of
from cli.groups import LateGroup
from cli.options import Chosen
from cli.show import show_json

_LONG = re.compile(r"\S{16,}")
"""What the message of an error of a library may hold that no log may: a key, a token, a URL with one."""


class Program(LateGroup):
    """The whole command. Errors are one line on stderr, and with --json an object on stdout too."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command and leave Python with its exit status."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        status: Any = Exit.DONE
        try:
            _prepare_streams()
            try:
                super().main(args, prog_name, **extra)
            except SystemExit as end:
                status = end.code
            for stream in _streams():
                stream.flush()
        except KeyboardInterrupt:  # while a shell waits for what completes a word
            status = Exit.ABANDONED
        except Exception as error:  # noqa: BLE001 - the last resort
            status = _end(error)
        sys.exit(status)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options that stand before the command's name."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise Misused(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except BrokenPipeError:
            _stop_writing()
            ctx.exit(Exit.PIPE)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - raised again as what a person reads
            _raise_shown(ctx, error)


def _raise_shown(ctx: click.Context, error: BaseException) -> NoReturn:
    """Raise how the command ends, after it was printed on stdout if --json asks for that."""
    shown = error if isinstance(error, click.ClickException) else _failure(error)
    usage = Failure("UsageError", shown.format_message(), Exit.USAGE)
    failure = shown if isinstance(shown, Failure) else usage
    if ctx.ensure_object(Chosen).is_json and not failure.has_answer:
        show_json(failure.as_dict())
    raise (Misused(shown) if isinstance(shown, click.UsageError) else shown) from error


def _failure(error: BaseException) -> Failure:
    """How the command ends for any error."""
    if isinstance(error, AuditArchiveError):
        return failure_of(error)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Failure("Abandoned", "Abandoned: nothing further is done.", Exit.ABANDONED)
    if isinstance(error, OSError):
        return Failure(type(error).__name__, f"This machine refused: {error}", Exit.FAILED)
    return Failure("InternalError", f"{_what_failed(error)} {_put_log(error)}", Exit.INTERNAL)


def _what_failed(error: BaseException) -> str:
    return (
        f"The command itself has a fault ({type(error).__name__}). If it was to change anything, look first "
        "with `canary-audit status` whether it did."
    )


def _put_log(error: BaseException) -> str:
    """Write where it failed into a new file, for its owner's eyes. Returns the sentence about it."""
    try:
        number, name = tempfile.mkstemp(prefix="canary-audit-", suffix=".log")
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(_log_of(error))
    except OSError as why:
        return f"No log could be written: {why.strerror}."
    return f"Send {name} to whoever maintains the command: it says where, and holds no key."


def _log_of(error: BaseException) -> Iterator[str]:
    """The places in the code, from the first cause on, and the messages without their long words."""
    before = error.__cause__ or error.__context__
    if before is not None:
        yield from _log_of(before)
    else:
        yield f"canary-audit {__version__}, Python {sys.version.split()[0]} on {sys.platform}\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__}: {_LONG.sub('[...]', str(error))}\n\n"


def _end(error: Exception) -> int:
    """End after an error that no command could tell of: its streams failed, or it was not begun."""
    if isinstance(error, BrokenPipeError):
        _stop_writing()
        return Exit.PIPE
    failure = _failure(error)
    with suppress(OSError):
        failure.show()
    _stop_writing()
    return failure.exit_code


def _prepare_streams() -> None:
    """Let characters that the terminal lacks be shown escaped. Raises OSError without a stdout."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed, and there is no place for the answer")
    for stream in _streams():
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _stop_writing() -> None:
    """What is still buffered would be written, and fail, when Python ends."""
    for stream in _streams():
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
