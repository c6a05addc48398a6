"""Many rows in one test: pytest's own work for each, and a world of its own, would take most of the time."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

Test = Callable[..., None]


@contextmanager
def row(says: object) -> Iterator[None]:
    """What fails in here names its row."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"In the row {says!r}"[:1000])
        raise


def all_rows(names: str | tuple[str, ...], rows: Iterable[Any]) -> Callable[[Test], Test]:
    """As `pytest.mark.parametrize`, but all rows are one test. The first that fails ends it.

    For rows that share nothing, and take less time than pytest takes for a test: every process of the suite
    collects and keeps each test, and there are thousands of such rows.
    """
    wanted = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    every = [dict(zip(wanted, (each,) if len(wanted) == 1 else each, strict=True)) for each in rows]
    if not every:
        raise ValueError(f"there is no row of {names}")

    def decorated(test: Test) -> Test:
        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in wanted]
        if len(left) + len(wanted) != len(signature.parameters):
            raise ValueError(f"{test.__name__} does not take {names}")

        @wraps(test)
        def with_each(**others: Any) -> None:
            for given in every:
                with row(given):
                    test(**given, **others)

        with_each.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return with_each

    return decorated
