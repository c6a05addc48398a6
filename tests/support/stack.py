"""The template as CloudFormation gets it: SAM's transform applied, parameters and references resolved.

References become recognisable stand-ins: `Ref` of a resource is its logical id, its ARN is
`arn:aws:<Type>:::<logical id>` (for a bucket `arn:aws:s3:::<logical id>`).
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml  # type: ignore[import-untyped]
from samtranslator.yaml_helper import intrinsics_multi_constructor  # type: ignore[import-untyped]


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # yaml has no types
    """What SAM reads a template with, in C: it takes a tenth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)

ROOT = Path(__file__).resolve().parents[2]
SOURCE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # noqa: S506 - a safe one
REQUIRED = {"Console": "1234abcd", "PurgeMode": "on", "ObjectLockMode": "GOVERNANCE", "DeployedBy": "caller"}
PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": (
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/archive-stack/abc9dbf0-43c2-11e3-a6e8-50fa526be49c"
    ),
    "AWS::StackName": "archive-stack",
}
DEFAULTS = {n: str(p["Default"]) for n, p in SOURCE["Parameters"].items() if "Default" in p}
NOTHING = object()
CALLS = frozenset(
    {"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::FindInMap", "Fn::Join", "Fn::Split", "Fn::Select"}
)


@dataclass(frozen=True)
class Rendered:
    """The resources of one rendering, by logical id; those whose condition is false are absent."""

    resources: dict[str, dict[str, Any]]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id to properties, for every resource of a type."""
        found = {name: r for name, r in self.resources.items() if r["Type"] == kind}
        return {name: r.get("Properties", {}) for name, r in found.items()}

    def properties(self, name: str) -> dict[str, Any]:
        """One resource's properties."""
        found: dict[str, Any] = self.resources[name]["Properties"]
        return found

    def statements(self, name: str) -> list[dict[str, Any]]:
        """The policy statements of a bucket policy or of a role."""
        properties = self.properties(name)
        if "PolicyDocument" in properties:
            return list(properties["PolicyDocument"]["Statement"])
        return [s for p in properties["Policies"] for s in p["PolicyDocument"]["Statement"]]


def render(**parameters: str) -> Rendered:
    """Render the template with these parameters; all but the required ones have defaults.

    Pseudo parameters may be given too: `render(**{"AWS::StackName": "my-stack"})`.
    """
    values = DEFAULTS | REQUIRED | PSEUDO | parameters
    return Rendered(_Resolver(translated(values), values).resources())


def translated(values: dict[str, str]) -> dict[str, Any]:
    """The template after SAM's transform, before any reference is resolved. It is not to be changed."""
    return _translated(frozenset((name, value) for name, value in values.items() if name not in PSEUDO))


@cache
def _translated(known: frozenset[tuple[str, str]]) -> dict[str, Any]:
    # Loaded when needed: it takes a second, and every process that collects the tests loads this module.
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped] # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # type: ignore[import-untyped] # noqa: PLC0415

    packaged = copy.deepcopy(SOURCE)
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artifacts/function"
    packaged["Resources"]["CoreLayer"]["Properties"]["ContentUri"] = "s3://artifacts/layer"
    session = boto3.session.Session(region_name=PSEUDO["AWS::Region"])
    found: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(packaged, dict(known))
    return found


class _Resolver:
    def __init__(self, template: dict[str, Any], values: dict[str, str]) -> None:
        self._template = template
        self._values = values
        self._types = {name: r["Type"] for name, r in template["Resources"].items()}

    def resources(self) -> dict[str, dict[str, Any]]:
        present = {
            name: {key: value for key, value in resource.items() if key != "Condition"}
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self._holds({"Condition": resource["Condition"]})
        }
        return {name: self._resolve(resource) for name, resource in present.items()}

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for item in node if (value := self._resolve(item)) is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in CALLS:
                return self._call(name, argument)
        resolved = {key: self._resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NOTHING}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return NOTHING if argument == "AWS::NoValue" else self._values.get(argument, argument)
        if name == "Fn::GetAtt":
            return self._attribute(argument if isinstance(argument, str) else ".".join(argument))
        if name == "Fn::Sub":
            return self._substitute(*(argument if isinstance(argument, list) else (argument, {})))
        if name == "Fn::FindInMap":
            first, second, third = argument
            return self._template["Mappings"][first][second][third]
        if name in {"Fn::Join", "Fn::Split", "Fn::Select"}:
            return self._list_call(name, *self._resolve(argument))
        condition, yes, no = argument
        return self._resolve(yes if self._holds({"Condition": condition}) else no)

    @staticmethod
    def _list_call(name: str, first: Any, what: Any) -> Any:
        if name == "Fn::Select":
            return what[int(first)]
        return first.join(what) if name == "Fn::Join" else what.split(first)

    def _substitute(self, text: str, given: dict[str, Any]) -> str:
        names: dict[str, str] = self._resolve(given)
        text = re.sub(r"\$\{([^}!]+)\}", lambda found: names.get(found[1]) or self._named(found[1]), text)
        return text.replace("${!", "${")

    def _named(self, name: str) -> str:
        return self._attribute(name) if "." in name else self._values.get(name, name)

    def _attribute(self, path: str) -> str:
        resource, attribute = path.split(".", 1)
        if attribute != "Arn":
            return path
        kind = "s3" if self._types[resource] == "AWS::S3::Bucket" else self._types[resource]
        return f"arn:aws:{kind}:::{resource}"

    def _holds(self, test: dict[str, Any]) -> bool:
        ((name, argument),) = test.items()
        if name == "Condition":
            return self._holds(self._template["Conditions"][argument])
        if name == "Fn::Not":
            return not self._holds(argument[0])
        if name in {"Fn::Or", "Fn::And"}:
            return (any if name == "Fn::Or" else all)(self._holds(part) for part in argument)
        left, right = (self._resolve(side) for side in argument)  # Fn::Equals
        return bool(left == right)
