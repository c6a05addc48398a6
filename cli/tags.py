"""Names and tags on the command line. A name is hostile input: it is checked before it goes anywhere."""

from typing import Any

import click

from audit_archive.fleet_ports import Label


class TagOption(click.ParamType):
    """`site=graz`: a key and a value."""

    name = "tag"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The key and the value; an empty value takes a tag away where tags are set."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not equals:
            return self.fail("give KEY=VALUE, such as site=graz", param, ctx)
        try:
            Label(None, {key: text or "-"})
        except ValueError as error:
            return self.fail(str(error), param, ctx)
        return key, text


class NameOption(click.ParamType):
    """What people call a Console; an empty text takes the name away."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        try:
            return str(value) and str(Label(str(value)).name)
        except ValueError as error:
            return self.fail(str(error), param, ctx)
