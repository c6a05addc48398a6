"""The house rules that import-linter can't say: what is pure, who reads the environment, errors and sizes.

Each rule is a function over sources, `{module name: text}`: a planted violation can prove that it bites. The
directions are contracts in pyproject.toml; `test_directions.py` proves that each of them bites.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.rows import all_rows

Sources: TypeAlias = dict[str, str]
Rule: TypeAlias = Callable[[Sources], list[str]]

ROOT = Path(__file__).parents[2]
PACKAGE = "audit_archive"
OURS = (PACKAGE, "functions", "cli", "local", "bench", "tests")

ABOVE_THE_FOLDERS = frozenset({"tests.conftest", "tests.long_torture"})
"""Modules of the tests that are in no folder: they may use several."""

MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 400

PURE = frozenset(
    {"array", "base64", "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal"}
    | {"enum", "functools", "hashlib", "heapq", "ipaddress", "itertools", "json", "math", "operator", "re"}
    | {"struct", "types", "typing", "unicodedata", "zlib", "orjson"}
)
"""What a pure module may import beside one another: nothing here can reach outside."""

USE_CASES_ALSO = frozenset({"concurrent.futures", "contextlib", "gzip", "html", "isal", "zipfile"})
CONFIG_ALSO = frozenset({"os"})

PURE_ROOMS = (
    *("errors", "finding", "bookmark", "fleet_ports", "restraint", "health", "answer_ports", "ports"),
    *("format", "export", "messages"),
)
PURE_MODULES = frozenset(
    {"run.plan", "run.survey", "run.receipts", "run.rollback", "run.comparison", "run.lock_terms"}
    | {"audit.fleet"}
    | {"retrieve.match", "retrieve.query", "retrieve.reading", "retrieve.dates", "retrieve.relative"}
    | {"retrieve.narrowing"}
)
"""The pure modules of the slices: of our own they import the pure rooms and one another alone."""

FREE_ROOMS = ("adapters", "bootstrap", "lambda_function", "evidence.handout")
"""What may reach outside; `handout` holds a program of its own, which nothing of ours runs."""


def room_of(module: str) -> str:
    """A module's name within the package, or "" if it is not of the package."""
    return module.removeprefix(f"{PACKAGE}.") if module.startswith(f"{PACKAGE}.") else ""


def is_in(room: str, rooms: tuple[str, ...]) -> bool:
    """Whether a module is one of some rooms, or lies in one."""
    return any(room == each or room.startswith(f"{each}.") for each in rooms)


def is_pure(room: str) -> bool:
    """Whether a module promises that it can't reach outside."""
    return is_in(room, PURE_ROOMS) or room in PURE_MODULES


@cache
def parsed(text: str) -> ast.Module:
    """The tree of a module."""
    return ast.parse(text)


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module's syntax tree."""
    return tuple(ast.walk(parsed(text)))


@cache
def imports(module: str, text: str) -> tuple[str, ...]:
    """Every module that a module imports, anywhere in it; one only for the type checker is none."""
    return tuple(_imports(module, text))


def _imports(module: str, text: str) -> Iterator[str]:
    for node in _without_type_checking(parsed(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield base
            # `from tests import torture` imports a module, not a name
            yield from (f"{base}.{alias.name}" for alias in node.names if base == "tests")


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
    """Whether a module is of this repository."""
    return module.partition(".")[0] in OURS


# ---------------------------------------------------------------------------------------- purity


def outside_from_the_middle(sources: Sources) -> list[str]:
    """Nothing is imported that can reach outside, but by the adapters; config alone may import os."""
    return [
        f"{module} imports {target}"
        for module, text in sources.items()
        if (room := room_of(module)) and not is_in(room, FREE_ROOMS)
        for target in imports(module, text)
        if not is_ours(target) and target not in _allowed(room)
    ]


def _allowed(room: str) -> frozenset[str]:
    if room == "config":
        return PURE | CONFIG_ALSO
    return PURE if is_pure(room) else PURE | USE_CASES_ALSO


def impure_neighbours(sources: Sources) -> list[str]:
    """The pure modules of the slices import of our own the pure rooms and one another alone."""
    return [
        f"{module} imports {target}"
        for module, text in sources.items()
        if room_of(module) in PURE_MODULES
        for target in imports(module, text)
        if is_ours(target) and not is_in(room_of(target), PURE_ROOMS)
        if room_of(target) not in PURE_MODULES
    ]


def environment_readers(sources: Sources) -> list[str]:
    """config.py alone reads environment variables, in the package and in the functions."""
    names = {"environ", "environb", "getenv", "getenvb"}
    return [
        f"{module}:{node.lineno} reads the environment"
        for module, text in sources.items()
        if module.startswith((PACKAGE, "functions")) and room_of(module) != "config"
        for node in nodes(text)
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.ImportFrom) and names & {alias.name for alias in node.names})
    ]


def impure_calls(sources: Sources) -> list[str]:
    """Outside of the adapters nothing reads a clock, opens a file, prints, or runs text as code."""
    builtins = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    clocks |= {f"datetime.{clock}" for clock in clocks}
    return [
        f"{module}:{node.lineno} calls {_dotted(node.func)}"
        for module, text in sources.items()
        if (room := room_of(module)) and not is_in(room, FREE_ROOMS)
        for node in nodes(text)
        if isinstance(node, ast.Call) and _dotted(node.func) in builtins | clocks | {"gzip.open"}
    ]


def _dotted(node: ast.expr) -> str:
    """What is called, if it is a name with dots."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


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


# ---------------------------------------------------------------------------------------- words


KEYS = frozenset({"name", "key", "field", "member"})


def bare_words(sources: Sources) -> list[str]:
    """A member of one of the package's StrEnums is compared with by its name, not by its bare value.

    The type checker sees a wrong name. The laptop's Console and the auditor's program have words of their
    own, and so has JSON: what is called `name`, `key`, `field` or `member` is the key of an object.
    """
    known = words_of(SOURCES)
    return [
        f"{module}:{node.lineno} compares with {value!r}, which is {known[value]}"
        for module, text in sources.items()
        if not is_in(room_of(module), ("evidence.handout",)) and not module.startswith("local.")
        for node in nodes(text)
        if isinstance(node, ast.Compare | ast.MatchValue)
        for value in _compared(node)
        if value in known
    ]


def words_of(sources: Sources) -> dict[str, str]:
    """The values of the package's StrEnums, each with a name that stands for it."""
    return {
        statement.value.value: f"{node.name}.{target.id}"
        for module, text in sources.items()
        if module.startswith(PACKAGE)
        for node in nodes(text)
        if isinstance(node, ast.ClassDef) and "StrEnum" in map(ast.unparse, node.bases)
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        if isinstance(statement.value.value, str)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def names_twice(sources: Sources) -> list[str]:
    """A public name of the package stands for one thing: no two modules define the same one.

    A type variable means nothing outside its module, and the auditor's program is a program of its own.
    """
    known = {module: public_names(module, text) for module, text in SOURCES.items()}
    return [
        f"{module} defines {name}, and so does {other}"
        for module, text in sources.items()
        for name in sorted(public_names(module, text))
        for other, names in known.items()
        if other != module and name in names
    ]


@cache
def public_names(module: str, text: str) -> frozenset[str]:
    """What a module of the package defines for others at its top: functions, classes and values."""
    if not room_of(module) or is_in(room_of(module), ("evidence.handout",)):
        return frozenset()
    defined = {name for statement in parsed(text).body for name in _defined(statement)}
    return frozenset(name for name in defined if not name.startswith("_"))


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement defines; not by importing them."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return
        case ast.Assign(targets=targets):
            yield from (n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _compared(node: ast.Compare | ast.MatchValue) -> Iterator[object]:
    """The constants that something is compared with, one by one or as a set; not keys looked for in one."""
    if isinstance(node, ast.MatchValue):
        yield from _constants(node.value)
        return
    operands = [node.left, *node.comparators]
    if any(isinstance(each, ast.Name) and each.id in KEYS for each in operands):
        return
    for operator, (left, right) in zip(node.ops, pairwise(operands), strict=True):
        if isinstance(operator, ast.Eq | ast.NotEq):
            yield from (*_constants(left), *_constants(right))
        elif isinstance(right, ast.Set | ast.Tuple | ast.List):
            yield from (value for item in right.elts for value in _constants(item))


def _constants(node: ast.expr) -> list[object]:
    return [node.value] if isinstance(node, ast.Constant) else []


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


# ---------------------------------------------------------------------------------------- folders of tests


def mixed_tests(sources: Sources) -> list[str]:
    """A folder of tests imports itself and tests.support; tests.support imports itself alone."""
    return [
        f"{module} imports {target}"
        for module, text in sources.items()
        if module.startswith("tests.") and module not in ABOVE_THE_FOLDERS
        if _may_import_others(module, text)
        for target in imports(module, text)
        if target.startswith("tests.") and target.split(".")[1] not in {module.split(".")[1], "support"}
    ]


# ---------------------------------------------------------------------------------------- the tests


def _may_import_others(module: str, text: str) -> bool:
    """Whether a text names another folder of tests in any way: to parse all of them takes seconds."""
    named = set(re.findall(r"\btests\s*\.\s*(\w+)", text))
    return bool(
        named - {module.split(".")[1], "support"} or re.search(r"\b(from|import)\s+(\.|tests\b(?!\.))", text)
    )


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
TESTS = read_sources("tests")

RULES: tuple[Rule, ...] = (
    outside_from_the_middle,
    impure_neighbours,
    environment_readers,
    impure_calls,
    catch_alls,
    causeless_raises,
    bare_words,
    names_twice,
    long_functions,
    long_modules,
    mixed_tests,
)


# Longer than the limit, and one thing all the same.
ONE_THING = {
    "audit_archive.evidence.handout.verify ": long_modules,  # one file, to be read before it is run
}


@all_rows("rule", RULES)
def test_the_house_keeps_every_rule(rule: Rule) -> None:
    known = tuple(start for start, broken in ONE_THING.items() if broken is rule)
    assert [
        found for found in rule(TESTS if rule is mixed_tests else SOURCES) if not found.startswith(known)
    ] == []


@pytest.mark.parametrize("start", ONE_THING)
def test_what_may_be_long_is_long(start: str) -> None:
    assert [found for found in ONE_THING[start](SOURCES) if found.startswith(start)] != []


def test_the_rules_know_modules_that_there_are() -> None:
    known = {*PURE_ROOMS, *PURE_MODULES, *FREE_ROOMS, "config"}
    assert {f"{PACKAGE}.{room}" for room in known} <= set(SOURCES)
    assert "functions.archive.app" in SOURCES


def test_the_words_of_the_package_are_found() -> None:
    words = words_of(SOURCES)
    assert {"off", "unexplained", "dry-run", "COMPLIANCE", "superseded", "contents of exports"} <= set(words)
    assert words["dry-run"] == "Mode.DRY_RUN"


def test_what_is_listed_as_pure_is_of_the_standard_library_or_works_on_bytes_alone() -> None:
    listed = {name.partition(".")[0] for name in PURE | USE_CASES_ALSO}
    assert listed - sys.stdlib_module_names == {"orjson", "isal"}


LONG_FUNCTION = "def f() -> None:\n" + "    x = 1\n" * MAX_FUNCTION_LINES
CAUSELESS = "try:\n    f()\nexcept ValueError as error:\n    raise KeyError(1)"

PLANTED = [
    (outside_from_the_middle, "audit_archive.format.x", "import os"),
    (outside_from_the_middle, "audit_archive.format.x", "from pathlib import Path"),
    (outside_from_the_middle, "audit_archive.format.x", "import collections, tempfile"),
    (outside_from_the_middle, "audit_archive.format.x", "from time import time"),
    (outside_from_the_middle, "audit_archive.format.x", "from contextlib import suppress"),
    (outside_from_the_middle, "audit_archive.ports", "import aws_lambda_powertools"),
    (outside_from_the_middle, "audit_archive.ports", "from concurrent.futures import Future"),
    (outside_from_the_middle, "audit_archive.run.x", "import tempfile"),
    (outside_from_the_middle, "audit_archive.run.archive_run", "from time import sleep"),
    (outside_from_the_middle, "audit_archive.run.request", "import os"),
    (outside_from_the_middle, "audit_archive.config", "import boto3"),
    (outside_from_the_middle, "audit_archive.run.plan", "import gzip"),
    (outside_from_the_middle, "audit_archive.desk", "import boto3"),
    (impure_neighbours, "audit_archive.run.plan", "from audit_archive.alerts import announce"),
    (impure_neighbours, "audit_archive.retrieve.match", "from audit_archive.retrieve.search import X"),
    (environment_readers, "audit_archive.adapters.x", "import os\nB = os.environ['B']"),
    (environment_readers, "audit_archive.adapters.x", "from os import environ"),
    (environment_readers, "audit_archive.bootstrap", "import os\nB = os.getenv('B')"),
    (environment_readers, "functions.archive.app", "from os import getenv as g"),
    (impure_calls, "audit_archive.format.x", "def f():\n    return open('x')"),
    (impure_calls, "audit_archive.format.x", "from datetime import datetime, UTC\nX = datetime.now(UTC)"),
    (impure_calls, "audit_archive.format.x", "print('x')"),
    (impure_calls, "audit_archive.format.x", "import datetime\nX = datetime.date.today()"),
    (impure_calls, "audit_archive.ports", "__import__('os')"),
    (impure_calls, "audit_archive.run.x", "import gzip\nF = gzip.open('x')"),
    (impure_calls, "audit_archive.run.result", "def f():\n    return open('x')"),
    (catch_alls, "audit_archive.adapters.x", "try:\n    f()\nexcept Exception:\n    pass"),
    (catch_alls, "audit_archive.run.x", "try:\n    f()\nexcept:\n    pass"),
    (
        catch_alls,
        "audit_archive.run.x",
        "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    pass",
    ),
    (
        catch_alls,
        "functions.archive.app",
        "import builtins\ntry:\n    f()\nexcept builtins.Exception:\n    pass",
    ),
    (causeless_raises, "audit_archive.adapters.x", CAUSELESS),
    (causeless_raises, "local.x", "try:\n    f()\nexcept ValueError as e:\n    if e:\n        raise e"),
    (bare_words, "audit_archive.steps.x", "IS_ON = policy.mode == 'on'"),
    (bare_words, "audit_archive.domain.x", "IS_OFF = 'off' != policy.mode"),
    (bare_words, "functions.archive.app", "N = sum(1 for hole in holes if hole.cause == 'unexplained')"),
    (bare_words, "cli.verify", "IS_DEEP = depth in {'objects', 'content'}"),
    (bare_words, "bench.run.ours", "IS_DONE = outcome not in ('archived', 'purged')"),
    (bare_words, "bench.x", "match result['outcome']:\n    case 'stale':\n        pass"),
    (names_twice, "audit_archive.run.x", "class Head:\n    pass"),
    (names_twice, "audit_archive.retrieve.x", "def read_export(path):\n    return path"),
    (names_twice, "audit_archive.adapters.x", "NO_VERSION, OTHER = '', 1"),
    (names_twice, "audit_archive.evidence.x", "ScratchFile: object = None"),
    (long_functions, "local.x", LONG_FUNCTION),
    (
        long_functions,
        "bench.x",
        "class C:\n" + "".join(f"    {line}\n" for line in LONG_FUNCTION.splitlines()),
    ),
    (long_functions, "bench.x", "async " + LONG_FUNCTION),
    (long_modules, "bench.x", "x = 1\n" * (MAX_MODULE_LINES + 1)),
    (mixed_tests, "tests.cli.test_x", "from tests.unit.run.comparing import look"),
    (mixed_tests, "tests.unit.run.test_x", "from tests.torture import machine"),
    (mixed_tests, "tests.unit.run.test_x", "def f():\n    import tests.contracts.conftest"),
    (mixed_tests, "tests.unit.run.test_x", "from tests import torture"),
    (mixed_tests, "tests.unit.run.test_x", "from ...torture.machine import Torture"),
    (mixed_tests, "tests.unit.run.test_x", "import tests.long_torture"),
    (mixed_tests, "tests.support.world", "from tests.unit.run.comparing import look"),
]

INNOCENT = [
    (impure_neighbours, "audit_archive.run.plan", "from audit_archive.run.survey import Survey"),
    (impure_neighbours, "audit_archive.run.purge", "from audit_archive.ports import Clock"),
    (outside_from_the_middle, "audit_archive.format.x", "import orjson, zlib"),
    (outside_from_the_middle, "audit_archive.audit.x", "from concurrent.futures import Future"),
    (outside_from_the_middle, "audit_archive.adapters.x", "import boto3"),
    (outside_from_the_middle, "audit_archive.config", "from os import environ"),
    (environment_readers, "audit_archive.config", "from os import environ"),
    (environment_readers, "local.console", "import os\nB = os.environ['B']"),
    (impure_calls, "audit_archive.run.x", "NOW = run.clock.now()"),
    (catch_alls, "audit_archive.x", "try:\n    f()\nexcept ValueError:\n    pass"),
    (causeless_raises, "audit_archive.x", "try:\n    f()\nexcept ValueError as e:\n    raise"),
    (
        causeless_raises,
        "audit_archive.x",
        "try:\n    f()\nexcept ValueError as e:\n    raise KeyError from e",
    ),
    (bare_words, "audit_archive.steps.x", "IS_ON = policy.mode == Mode.ON"),
    (bare_words, "audit_archive.steps.x", "IS_THERE = 'depth' in given and name == 'id'"),
    (
        bare_words,
        "functions.verify.app",
        "TOLD = [name for name in report if name not in {'faults', 'notes'}]",
    ),
    (bare_words, "local.console.x", "IS_PURGE = endpoint == 'purge'"),
    (bare_words, "audit_archive.evidence.handout.verify", "IS_EPOCH = said['action'] == 'epoch'"),
    (names_twice, "audit_archive.format.head", "class Head:\n    pass"),
    (names_twice, "audit_archive.run.x", "from audit_archive.format.head import Head"),
    (names_twice, "audit_archive.run.x", "from typing import TypeVar\nT = TypeVar('T')"),
    (names_twice, "audit_archive.run.x", "def f():\n    NO_VERSION = 1\n    return NO_VERSION"),
    (names_twice, "audit_archive.run.x", "_Head = 1"),
    (names_twice, "audit_archive.evidence.handout.x", "class Head:\n    pass"),
    (names_twice, "cli.x", "class Head:\n    pass"),
    (long_functions, "local.x", LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (long_modules, "local.x", "x = 1\n" * MAX_MODULE_LINES),
    (mixed_tests, "tests.unit.run.test_x", "from tests.support.world import World"),
    (mixed_tests, "tests.unit.run.test_x", "from tests.unit.format.test_merkle import grown"),
    (mixed_tests, "tests.long_torture", "from tests.network.sweep import sweep"),
]


@all_rows(("rule", "module", "text"), PLANTED)
def test_a_planted_violation_is_caught(rule: Rule, module: str, text: str) -> None:
    ast.parse(text)
    assert rule({module: text}) != []


@all_rows(("rule", "module", "text"), INNOCENT)
def test_what_is_allowed_is_not_accused(rule: Rule, module: str, text: str) -> None:
    ast.parse(text)
    assert rule({module: text}) == []


def test_every_rule_has_a_planted_violation_and_an_innocent() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
    assert {rule for rule, _, _ in INNOCENT} == set(RULES)
