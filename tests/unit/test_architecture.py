"""The house rules that a machine can check: who imports whom, what can reach outside, and sizes.

Each rule is a function over sources, `{module name: text}`: a planted violation can prove that it bites.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

Sources: TypeAlias = dict[str, str]
Rule: TypeAlias = Callable[[Sources], list[str]]

ROOT = Path(__file__).parents[2]
PACKAGE = "audit_archive"
OUTSIDE_PACKAGE = ("functions", "cli", "local", "bench", "tests")

MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 400

PURE = frozenset(
    {"array", "base64", "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal"}
    | {"enum", "functools", "hashlib", "heapq", "ipaddress", "itertools", "json", "math", "operator", "re"}
    | {"struct", "types", "typing", "zlib", "orjson"}
)
"""What domain, errors and ports may import beside one another: nothing here can reach outside."""

USE_CASES_ALSO = frozenset({"concurrent.futures", "contextlib", "gzip", "html", "zipfile"})
CONFIG_ALSO = frozenset({"os"})

# Layer by layer: which layers it may import.
INSIDE = {
    "errors": {"errors"},
    "domain": {"errors", "domain"},
    "ports": {"errors", "domain", "ports"},
    "config": {"errors", "domain", "config"},
    "use case": {"errors", "domain", "ports", "config", "use case", "package"},
    "adapters": {"errors", "domain", "ports", "adapters", "package"},
    "bootstrap": {"errors", "domain", "ports", "config", "use case", "adapters", "package"},
    "package": set[str](),
    "auditor": set[str](),  # a program of its own, which is handed out: it needs nobody, and nobody runs it
    "outside": {"errors", "domain", "ports", "config", "use case", "bootstrap", "package", "outside"},
}


def layer_of(module: str) -> str:
    """The layer of one of our modules; a module of the package that no rule knows is a use case."""
    top, _, rest = module.partition(".")
    if module == "cli.bootstrap":
        return "bootstrap"
    if top != PACKAGE:
        return "outside"
    if not rest:
        return "package"
    name = rest.partition(".")[0]
    named = {"errors", "domain", "ports", "config", "adapters", "bootstrap", "auditor"}
    return name if name in named else "use case"


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(text)))


@cache
def imports(module: str, text: str) -> tuple[str, ...]:
    """Every module that a module imports, anywhere in it; one only for the type checker is none."""
    return tuple(_imports(module, text))


def _imports(module: str, text: str) -> Iterator[str]:
    for node in _without_type_checking(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield base
            # `from audit_archive import bootstrap` imports a module, not a name
            yield from (f"{base}.{alias.name}" for alias in node.names if base in {PACKAGE, "local", "cli"})


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _without_type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from (each for other in node.orelse for each in (other, *_without_type_checking(other)))
            continue
        yield node
        yield from _without_type_checking(node)


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in {PACKAGE, *OUTSIDE_PACKAGE}


# ---------------------------------------------------------------------------------------- direction


def wrong_direction(sources: Sources) -> list[str]:
    """errors, domain <- ports <- {use cases | adapters} <- bootstrap <- functions, cli, local."""
    return [
        f"{module} ({layer_of(module)}) imports {target} ({layer_of(target)})"
        for module, text in sources.items()
        for target in imports(module, text)
        if is_ours(target) and not _is_name_of_package(target, sources)
        if layer_of(target) not in INSIDE[layer_of(module)]
    ]


def _is_name_of_package(target: str, sources: Sources) -> bool:
    """`from audit_archive import __version__` names a value of the package itself."""
    return target.startswith(f"{PACKAGE}.__")


def outside_from_the_middle(sources: Sources) -> list[str]:
    """Up to the use cases nothing is imported that can reach outside; config alone may import os."""
    allowed = {
        "errors": PURE,
        "domain": PURE,
        "ports": PURE,
        "config": PURE | CONFIG_ALSO,
        "use case": PURE | USE_CASES_ALSO,
        "package": frozenset[str](),
    }
    return [
        f"{module} imports {target}"
        for module, text in sources.items()
        if layer_of(module) in allowed
        for target in imports(module, text)
        if not is_ours(target) and target not in allowed[layer_of(module)]
    ]


def outside_clients(sources: Sources) -> list[str]:
    """In what runs in AWS, only adapters and bootstrap speak to AWS or HTTP."""
    clients = {"boto3", "botocore", "requests", "urllib3", "http", "socket", "urllib.request", "s3transfer"}
    return [
        f"{module} imports {target}"
        for module, text in sources.items()
        if module.startswith((PACKAGE, "functions")) and layer_of(module) not in {"adapters", "bootstrap"}
        for target in imports(module, text)
        if target in clients or target.partition(".")[0] in clients
    ]


def environment_readers(sources: Sources) -> list[str]:
    """config.py alone reads environment variables, in the package and in the functions."""
    names = {"environ", "environb", "getenv", "getenvb"}
    return [
        f"{module}:{node.lineno} reads the environment"
        for module, text in sources.items()
        if module.startswith((PACKAGE, "functions")) and layer_of(module) != "config"
        for node in nodes(text)
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.ImportFrom) and names & {alias.name for alias in node.names})
    ]


def impure_calls(sources: Sources) -> list[str]:
    """The domain reads no clock; up to the use cases nobody opens a file, prints, or runs text as code."""
    builtins = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    clocks |= {f"datetime.{clock}" for clock in clocks}
    return [
        f"{module}:{node.lineno} calls {ast.unparse(node.func)}"
        for module, text in sources.items()
        if layer_of(module) in {"errors", "domain", "ports", "config", "use case"}
        for node in nodes(text)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in builtins | clocks | {"gzip.open"}
    ]


# ---------------------------------------------------------------------------------------- errors


def catch_alls(sources: Sources) -> list[str]:
    """No bare except, no `except Exception` or `BaseException`, not even in a tuple."""
    return [
        f"{module}:{node.lineno} catches everything"
        for module, text in sources.items()
        if module.startswith((PACKAGE, "functions"))
        for node in nodes(text)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type)
    ]


def _catches_everything(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = {n.id for n in ast.walk(caught) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(caught) if isinstance(n, ast.Attribute)}
    return bool(names & {"Exception", "BaseException"})


def causeless_raises(sources: Sources) -> list[str]:
    """Inside an `except`, whatever is raised says `from` what."""
    return [
        f"{module}:{inner.lineno} raises without `from`"
        for module, text in sources.items()
        for node in nodes(text)
        if isinstance(node, ast.ExceptHandler)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Raise) and inner.exc is not None and inner.cause is None
    ]


# ---------------------------------------------------------------------------------------- sizes


def long_functions(sources: Sources) -> list[str]:
    """No function is longer than 40 lines, docstring included, decorators not."""
    return [
        f"{module}:{node.lineno} {node.name} has {length} lines"
        for module, text in sources.items()
        for node in nodes(text)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for length in [(node.end_lineno or node.lineno) - node.lineno + 1]
        if length > MAX_FUNCTION_LINES
    ]


def long_modules(sources: Sources) -> list[str]:
    """No module is longer than 400 lines."""
    lengths = {module: len(text.splitlines()) for module, text in sources.items()}
    return [f"{module} has {n} lines" for module, n in lengths.items() if n > MAX_MODULE_LINES]


# ---------------------------------------------------------------------------------------- the tests


def read_sources(*folders: str) -> Sources:
    """The sources under some folders of the repository, by dotted module name."""
    found: Sources = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            if parts[0] == "layers":
                parts = parts[2:]  # layers/core/audit_archive: the layer's root is on the path
            if parts[-1] == "__init__":
                parts.pop()
            found[".".join(parts)] = path.read_text(encoding="utf-8")
    return found


SOURCES = read_sources("layers", "functions", "cli", "local", "bench")

RULES: tuple[Rule, ...] = (
    wrong_direction,
    outside_from_the_middle,
    outside_clients,
    environment_readers,
    impure_calls,
    catch_alls,
    causeless_raises,
    long_functions,
    long_modules,
)


# Longer than the limit, and one thing all the same.
ONE_THING = {
    "audit_archive.auditor.verify ": long_modules,  # one file, to be read before it is run
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_every_rule(rule: Rule) -> None:
    known = tuple(start for start, broken in ONE_THING.items() if broken is rule)
    assert [found for found in rule(SOURCES) if not found.startswith(known)] == []


@pytest.mark.parametrize("start", ONE_THING)
def test_what_may_be_long_is_long(start: str) -> None:
    assert [found for found in ONE_THING[start](SOURCES) if found.startswith(start)] != []


def test_the_sources_are_found_under_the_names_that_the_rules_know() -> None:
    layers = {layer_of(module) for module in SOURCES}
    assert layers == set(INSIDE)
    use_cases = {module for module in SOURCES if layer_of(module) == "use case"}
    assert {f"{PACKAGE}.archive", f"{PACKAGE}.result", f"{PACKAGE}.request"} <= use_cases
    assert {f"{PACKAGE}.steps.purge", f"{PACKAGE}.auditing.walk"} <= use_cases
    assert "functions.archive.app" in SOURCES


def test_what_is_listed_as_pure_is_of_the_standard_library_or_orjson() -> None:
    assert {name.partition(".")[0] for name in PURE | USE_CASES_ALSO} <= {*sys.stdlib_module_names, "orjson"}


LONG_FUNCTION = "def f() -> None:\n" + "    x = 1\n" * MAX_FUNCTION_LINES
CAUSELESS = "try:\n    f()\nexcept ValueError as error:\n    raise KeyError(1)"

PLANTED = [
    (wrong_direction, "audit_archive.domain.x", "from audit_archive.ports import Clock"),
    (wrong_direction, "audit_archive.domain.x", "import audit_archive.config"),
    (wrong_direction, "audit_archive.domain.x", "from ..ports import Clock"),
    (wrong_direction, "audit_archive.domain.x", "def f():\n    from audit_archive.steps import run"),
    (wrong_direction, "audit_archive.errors", "from audit_archive.domain.head import Head"),
    (wrong_direction, "cli.status", "from audit_archive.adapters.clock import SystemClock"),
    (wrong_direction, "cli.bootstrap", "from cli.status import status"),
    (wrong_direction, "audit_archive.ports", "from audit_archive.steps.run import Run"),
    (wrong_direction, "audit_archive.ports", "from audit_archive.adapters.clock import SystemClock"),
    (wrong_direction, "audit_archive.steps.x", "from audit_archive.adapters.clock import SystemClock"),
    (wrong_direction, "audit_archive.steps.x", "from audit_archive import bootstrap"),
    (wrong_direction, "audit_archive.verify", "from .adapters import clock"),
    (wrong_direction, "audit_archive.auditing.x", "from audit_archive.adapters import folder_source"),
    (wrong_direction, "audit_archive.domain.verdicts", "from audit_archive.auditing.tally import Tally"),
    (wrong_direction, "audit_archive.adapters.x", "from audit_archive.steps.run import Run"),
    (wrong_direction, "audit_archive.auditor.verify", "from audit_archive.domain.tree import Tree"),
    (wrong_direction, "audit_archive.bootstrap", "from audit_archive.auditor import verify"),
    (wrong_direction, "audit_archive.adapters.x", "from audit_archive import archive"),
    (wrong_direction, "audit_archive.adapters.x", "from audit_archive.config import Settings"),
    (wrong_direction, "audit_archive.adapters.x", "import audit_archive.bootstrap"),
    (wrong_direction, "audit_archive.config", "from audit_archive.request import ArchiveRequest"),
    (wrong_direction, "audit_archive.bootstrap", "from functions.archive import app"),
    (wrong_direction, "audit_archive.archive", "import local.console"),
    (wrong_direction, "audit_archive.archive", "from tests.fakes import FakeStore"),
    (wrong_direction, "functions.archive.app", "from audit_archive.adapters.clock import SystemClock"),
    (wrong_direction, "cli.main", "import audit_archive.adapters.s3_store as s3"),
    (wrong_direction, "local.demo.play", "from audit_archive import adapters"),
    (outside_from_the_middle, "audit_archive.domain.x", "import os"),
    (outside_from_the_middle, "audit_archive.domain.x", "from pathlib import Path"),
    (outside_from_the_middle, "audit_archive.domain.x", "import collections, tempfile"),
    (outside_from_the_middle, "audit_archive.domain.x", "from time import time"),
    (outside_from_the_middle, "audit_archive.domain.x", "from contextlib import suppress"),
    (outside_from_the_middle, "audit_archive.ports", "import aws_lambda_powertools"),
    (outside_from_the_middle, "audit_archive.ports", "from concurrent.futures import Future"),
    (outside_from_the_middle, "audit_archive.steps.x", "import tempfile"),
    (outside_from_the_middle, "audit_archive.archive", "from time import sleep"),
    (outside_from_the_middle, "audit_archive.request", "import os"),
    (outside_from_the_middle, "audit_archive.config", "import boto3"),
    (outside_clients, "audit_archive.steps.x", "import boto3"),
    (outside_clients, "audit_archive.domain.x", "from requests import Session"),
    (outside_clients, "audit_archive.ports", "from botocore.exceptions import ClientError"),
    (outside_clients, "functions.archive.app", "import boto3"),
    (outside_clients, "audit_archive.config", "from urllib.request import urlopen"),
    (outside_clients, "audit_archive.domain.x", "import http.client"),
    (environment_readers, "audit_archive.adapters.x", "import os\nB = os.environ['B']"),
    (environment_readers, "audit_archive.adapters.x", "from os import environ"),
    (environment_readers, "audit_archive.bootstrap", "import os\nB = os.getenv('B')"),
    (environment_readers, "functions.archive.app", "from os import getenv as g"),
    (impure_calls, "audit_archive.domain.x", "def f():\n    return open('x')"),
    (impure_calls, "audit_archive.domain.x", "from datetime import datetime, UTC\nX = datetime.now(UTC)"),
    (impure_calls, "audit_archive.domain.x", "print('x')"),
    (impure_calls, "audit_archive.domain.x", "import datetime\nX = datetime.date.today()"),
    (impure_calls, "audit_archive.ports", "__import__('os')"),
    (impure_calls, "audit_archive.steps.x", "import gzip\nF = gzip.open('x')"),
    (impure_calls, "audit_archive.result", "def f():\n    return open('x')"),
    (catch_alls, "audit_archive.adapters.x", "try:\n    f()\nexcept Exception:\n    pass"),
    (catch_alls, "audit_archive.steps.x", "try:\n    f()\nexcept:\n    pass"),
    (
        catch_alls,
        "audit_archive.steps.x",
        "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    pass",
    ),
    (
        catch_alls,
        "functions.archive.app",
        "import builtins\ntry:\n    f()\nexcept builtins.Exception:\n    pass",
    ),
    (causeless_raises, "audit_archive.adapters.x", CAUSELESS),
    (causeless_raises, "local.x", "try:\n    f()\nexcept ValueError as e:\n    if e:\n        raise e"),
    (long_functions, "local.x", LONG_FUNCTION),
    (
        long_functions,
        "bench.x",
        "class C:\n" + "".join(f"    {line}\n" for line in LONG_FUNCTION.splitlines()),
    ),
    (long_functions, "bench.x", "async " + LONG_FUNCTION),
    (long_modules, "bench.x", "x = 1\n" * (MAX_MODULE_LINES + 1)),
]

INNOCENT = [
    (wrong_direction, "audit_archive.steps.x", "from audit_archive.config import Settings"),
    (wrong_direction, "audit_archive.bootstrap", "from audit_archive.adapters.clock import SystemClock"),
    (wrong_direction, "audit_archive.adapters.x", "from audit_archive.ports import Clock"),
    (wrong_direction, "functions.archive.app", "from audit_archive import bootstrap"),
    (wrong_direction, "audit_archive.bootstrap", "from audit_archive import __version__"),
    (outside_from_the_middle, "audit_archive.domain.x", "import orjson, zlib"),
    (outside_from_the_middle, "audit_archive.auditing.x", "from concurrent.futures import Future"),
    (outside_from_the_middle, "audit_archive.adapters.x", "import boto3"),
    (outside_from_the_middle, "audit_archive.config", "from os import environ"),
    (outside_clients, "audit_archive.adapters.x", "import boto3"),
    (outside_clients, "audit_archive.bootstrap", "import boto3"),
    (outside_clients, "local.aws.clients", "import boto3"),
    (environment_readers, "audit_archive.config", "from os import environ"),
    (environment_readers, "local.console", "import os\nB = os.environ['B']"),
    (impure_calls, "audit_archive.steps.x", "NOW = run.clock.now()"),
    (catch_alls, "audit_archive.x", "try:\n    f()\nexcept ValueError:\n    pass"),
    (causeless_raises, "audit_archive.x", "try:\n    f()\nexcept ValueError as e:\n    raise"),
    (
        causeless_raises,
        "audit_archive.x",
        "try:\n    f()\nexcept ValueError as e:\n    raise KeyError from e",
    ),
    (long_functions, "local.x", LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (long_modules, "local.x", "x = 1\n" * MAX_MODULE_LINES),
    (
        outside_clients,
        "audit_archive.domain.x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3",
    ),
]


@pytest.mark.parametrize(("rule", "module", "text"), PLANTED)
def test_a_planted_violation_is_caught(rule: Rule, module: str, text: str) -> None:
    ast.parse(text)
    assert rule({module: text}) != []


@pytest.mark.parametrize(("rule", "module", "text"), INNOCENT)
def test_what_is_allowed_is_not_accused(rule: Rule, module: str, text: str) -> None:
    ast.parse(text)
    assert rule({module: text}) == []


def test_every_rule_has_a_planted_violation_and_an_innocent() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
    assert {rule for rule, _, _ in INNOCENT} == set(RULES)
