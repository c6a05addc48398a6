"""`init`: from nothing to a stack with a first plan. What an earlier `init` has done is left as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import click

from audit_archive.config import Settings
from audit_archive.format.facts import LockMode, Mode
from cli import deployment, package
from cli.console_keys import check_keys, id_of, settings_of
from cli.exits import Exit, Failure
from cli.invoke import invoke, result_of
from cli.key_files import key_file, key_in, put_secret
from cli.options import Chosen, chosen, confirm, global_options, yes_option
from cli.run import show_result
from cli.show import say, show_facts, show_json, show_table
from cli.stack import Stack, checked_key, console_with
from cli.tables import Column, Shape

STEPS = (Column("what", "what"), Column("name", "name"), Column("init", "does", 0, Shape.WORDS))
CHANGES = (Column("CloudFormation makes", "type"), Column("how many", "how_many"))
NAMES = {"read": "Read-Only", "purge": "Admin"}
"""The role of the key for each use."""


@dataclass(frozen=True)
class Answers:
    """What a person wants. `keys`: those to put, by use; `stored`: those that are there, by use."""

    console: str
    settings: Settings
    parameters: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)
    stored: Mapping[str, str] = field(repr=False)


@click.command()
@click.argument("console", required=False, metavar="[CONSOLE]")
@click.option("--read-key-file", type=key_file, metavar="FILE", help="A file with a Read-Only API key. It is "
              "asked for otherwise.")  # fmt: skip
@click.option("--purge-key-file", type=key_file, metavar="FILE", help="A file with an Admin API key. Without "
              "one nothing can be purged.")  # fmt: skip
@click.option("--lock", type=click.Choice([str(mode) for mode in LockMode]),
              help="The lock mode of the archive: docs/deploying.md#the-lock-mode")  # fmt: skip
@click.option("--email", metavar="ADDRESS", help="Who is told when something needs a person.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE",
              help="A further parameter of the template: docs/settings.md. Repeat it for more.")  # fmt: skip
@click.option("--template", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Another template, packaged already. [default: this version's]")  # fmt: skip
@click.option(
    "--code-bucket", metavar="NAME", help="The bucket for the functions' code. [default: one is made]"
)
@yes_option
@global_options(hidden=True)
@chosen
def init(chosen: Chosen, /, console: str | None, *, read_key_file: IO[str] | None, yes: bool,
         purge_key_file: IO[str] | None, lock: str | None, email: str | None, given: tuple[str, ...],
         template: Path | None, code_bucket: str | None) -> None:  # fmt: skip
    """Set up the archive of a first Console: keys, stack, and a dry run to look at.

    It asks for what it is not given, and reads API keys without showing them. It checks them against the
    Console, shows what it will make, and asks. Nothing is purged. Run it again after a failure: it goes on
    where it stopped, and changes nothing that is there.

    \b
    canary-audit init
    canary-audit init 1234abcd --lock GOVERNANCE --email you@example.com
    """
    stack = chosen.stack
    files = {"read": read_key_file, "purge": purge_key_file}
    named = {"ObjectLockMode": lock, "AlertEmail": email}
    state = deployment.state_of(stack)
    parameters = _pairs(given) | {name: value for name, value in named.items() if value}
    answers = _answers(stack, console, files, parameters, is_there=bool(state), yes=yes)
    keys = {**answers.stored, **answers.keys}
    held = check_keys(lambda what, key: console_with(answers.settings, answers.console, what, key), keys)
    say(f"Console {answers.console} holds {'an unknown number of' if held is None else held} entries.")
    bucket = None if state else code_bucket or package.bucket_name(stack)
    steps = _steps(stack, answers, bucket)
    if not chosen.is_json:
        show_table(STEPS, steps)
        show_facts(sorted(answers.parameters.items()) if bucket is not None else ())
    confirm(f"Go on, in account {package.account_of(stack)} and region {stack.region}?", yes=yes)
    for use, key in answers.keys.items():
        put_secret(stack, answers.settings, answers.settings.key_name(answers.console, use), key)
    if bucket is not None:
        _deploy(chosen, answers, bucket, template, yes=yes)
    result = _planned(stack, answers.console)
    if chosen.is_json:
        told = {"console": answers.console, "stack": stack.name, "steps": steps, "entries": held}
        return show_json(told | {"result": result})
    return _show(chosen, result)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    parameters = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark or not name.isalnum():
            raise click.UsageError("--set must be NAME=VALUE, as in --set KeepDays=30.")
        if name in {"Console", "PurgeMode", "DeployedBy"}:
            raise click.UsageError(
                f"--set {name}: init sets it itself. docs/deploying.md says how to change it."
            )
        parameters[name] = value
    return parameters


def _answers(stack: Stack, console: str | None, files: Mapping[str, IO[str] | None],
             parameters: Mapping[str, str], *, is_there: bool, yes: bool) -> Answers:  # fmt: skip
    settings = stack.settings if is_there else settings_of(parameters)
    text = console or _ask("The Console: its id, or its address in your browser", "CONSOLE", yes=yes)
    name = id_of(text, settings.console_url_template)
    if is_there and (first := stack.parameters().get("Console")) != name:
        raise Failure(
            "OtherConsole",
            f"The stack {stack.name} is there, and its first Console is {first}. Add this one to it: "
            f"canary-audit console add {name}",
            Exit.USAGE,
        )
    keys = {use: key_in(file) for use, file in files.items() if file is not None}
    stored = {use: stack.stored_key(settings, name, use) for use in NAMES if use not in keys}
    there = {use: key for use, key in stored.items() if key is not None}
    if not yes:
        keys |= {use: key for use in NAMES if use not in keys | there and (key := _ask_key(use))}
    if "read" not in keys | there:
        raise click.UsageError("There is no Read-Only key: give it with --read-key-file.")
    if not is_there and not parameters.get("ObjectLockMode"):
        modes = click.Choice([str(mode) for mode in LockMode])
        say("GOVERNANCE: one role that you name may delete early. COMPLIANCE: no user can, ever.")
        parameters = {**parameters, "ObjectLockMode": _ask("The lock mode", "--lock", modes, yes=yes)}
    fixed = {"Console": name, "PurgeMode": str(Mode.DRY_RUN), "DeployedBy": "caller"}
    return Answers(name, settings, {**parameters, **fixed}, keys, there)


def _ask(question: str, option: str, kind: click.ParamType | None = None, *, yes: bool) -> str:
    if yes:
        raise click.UsageError(f"With --yes nothing is asked: give {option}.")
    return str(click.prompt(question, type=kind, err=True))


def _ask_key(use: str) -> str:
    """A key, typed or pasted without being shown; empty for an Admin key that is not given yet."""
    ending = "" if use == "read" else ", or Enter for none: nothing is purged without it"
    key = click.prompt(f"The {NAMES[use]} API key (it is not shown{ending})", hide_input=True, err=True,
                       default=None if use == "read" else "", show_default=False)  # fmt: skip
    return checked_key(f"The {NAMES[use]} key", key) if key else ""


def _steps(stack: Stack, answers: Answers, bucket: str | None) -> list[dict[str, str]]:
    """What is done, and what is there already."""
    said = dict.fromkeys(answers.keys, "puts it") | dict.fromkeys(answers.stored, "is there")
    kind = "parameter" if answers.settings.in_parameter_store else "secret"
    steps = [
        {"what": kind, "name": answers.settings.key_name(answers.console, use), "does": said[use]}
        for use in NAMES
        if use in said
    ]
    if bucket is not None:
        steps.append({"what": "bucket for code", "name": bucket, "does": "makes it, if it is not there"})
        steps.append({"what": "stack", "name": stack.name, "does": "deploys it, with these parameters"})
    else:
        steps.append({"what": "stack", "name": stack.name, "does": "is there, and stays as it is"})
    return [*steps, {"what": "run", "name": answers.console, "does": "archives and plans, purges nothing"}]


def _deploy(chosen: Chosen, answers: Answers, bucket: str, template: Path | None, *, yes: bool) -> None:
    stack = chosen.stack
    package.make_bucket(stack, bucket)
    say("Building the functions and their layer ...")
    text = template.read_text(encoding="utf-8") if template else package.own_template()
    text = package.packaged(text, stack, bucket, answers.parameters)
    key = package.put(stack, bucket, text.encode(), ".template")
    say("Asking CloudFormation what it would make ...")
    url = f"{stack.client('s3').meta.endpoint_url}/{bucket}/{key}"
    planned = deployment.plan(stack, url, answers.parameters)
    if not chosen.is_json:
        show_table(CHANGES, planned.records())
    confirm(f"Make these {planned.total} resources?", yes=yes)
    say("CloudFormation makes them. That takes a few minutes ...")
    deployment.carry_out(stack)
    say(f"The stack {stack.name} is there.")


def _planned(stack: Stack, console: str) -> dict[str, Any]:
    """The result of a run that archives, shows its plan, and purges nothing."""
    say("A run archives the Console, and plans ...")
    return result_of(invoke(stack, {"console": console, "plan": True}))


def _show(chosen: Chosen, result: dict[str, Any]) -> None:
    console = result["console"]
    show_result(chosen, result)
    for line in (
        "",
        "What comes next:",
        "1. Confirm the subscription in the mail that AWS sent, if you gave --email.",
        f"2. Look at `canary-audit status {console}` for a few days: runs archive, and purge nothing.",
        "3. Switch purging on: `canary-audit docs deploying#switching-purging-on`.",
    ):
        say(line)
