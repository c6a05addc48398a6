"""Which faults are on: for the next requests of an endpoint, or until cleared."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from local.console.answer import Endpoint
from local.console.faults import Fault


@dataclass
class _Switched:
    fault: Fault
    endpoints: frozenset[Endpoint]
    key: str | None
    times: int | None
    skip: int

    def concerns(self, endpoint: Endpoint, key: str | None) -> bool:
        return endpoint in self.endpoints and self.key in {None, key}


class Faults:
    """The faults that are on. Several at once are applied in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._on: list[_Switched] = []

    def add(
        self,
        fault: Fault,
        *,
        endpoint: Endpoint | None = None,
        key: str | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> None:
        """Switches a fault on for the next `times` requests, None: until cleared, after letting `skip` pass.

        Without `endpoint` it concerns every endpoint where it makes sense, without `key` (a key's name) every
        key. Only requests that it concerns count.
        ValueError if the fault can't happen at the endpoint, or for numbers that make no sense.
        """
        if (times is not None and times < 1) or skip < 0:
            raise ValueError(f"times must be 1 or more, skip 0 or more, not {times} and {skip}")
        if endpoint is not None and endpoint not in fault.endpoints:
            raise ValueError(f"{type(fault).__name__} can't happen at {endpoint}")
        endpoints = fault.endpoints if endpoint is None else frozenset({endpoint})
        with self._lock:
            self._on.append(_Switched(fault, endpoints, key, times, skip))

    def clear(self) -> None:
        """Switches every fault off."""
        with self._lock:
            self._on = []

    def active(self) -> tuple[Fault, ...]:
        """The faults that are on, whether or not they still let requests pass."""
        with self._lock:
            return tuple(switched.fault for switched in self._on)

    def take(self, endpoint: Endpoint, key: str | None = None) -> tuple[Fault, ...]:
        """The faults of one request with the key of this name, which counts as one of their times."""
        with self._lock:
            taken = [switched for switched in self._on if switched.concerns(endpoint, key)]
            faults = tuple(switched.fault for switched in taken if _counts(switched))
            self._on = [switched for switched in self._on if switched.times != 0]
            return faults


def _counts(switched: _Switched) -> bool:
    """Whether this request is one that the fault concerns; counts it either way."""
    if switched.skip > 0:
        switched.skip -= 1
        return False
    if switched.times is not None:
        switched.times -= 1
    return True
