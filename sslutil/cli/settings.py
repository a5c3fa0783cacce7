"""Options that set one key of site.toml: the schema says what they take, and is read only when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.errors import SettingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem


class SettingType(click.ParamType):  # type: ignore[type-arg]  # generic only in type stubs of click 8.5
    """Takes what the judge of site.toml takes, so that a flag and a hand edit meet the same sentence."""

    name = "value"

    def __init__(self, key: str) -> None:
        """Take the dotted key: "site.https_port"."""
        self.key = key

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, ARG002
        """Return TOML's value, as it will stand in site.toml; UsageError with the judge's own sentence."""
        from sslutil.site import judge_value, settings

        setting = settings()[self.key]
        typed = _parse_whole(value) if isinstance(setting.default, int) else value
        try:
            judge_value(setting, typed)
        except SettingError as fault:
            message = fault.message.replace(setting.name, param.opts[0] if param else self.key, 1)
            raise UsageError(message, typed=str(value), near=(fault.near or str(setting.default),)) from fault
        return typed

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:  # noqa: ARG002
        """Return the choices, where there are a few."""
        choices = self._choices()
        return f"[{'|'.join(choices)}]" if choices else None

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Return the choices that begin like what is typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(choice) for choice in self._choices() if choice.startswith(incomplete)]

    def _choices(self) -> tuple[str, ...]:
        from sslutil.site import settings

        return settings()[self.key].choices


class ServiceType(click.ParamType):  # type: ignore[type-arg]  # generic only in type stubs of click 8.5
    """Takes one of the services that may run on a mail host."""

    name = "service"

    def __init__(self, key: str = "site.services") -> None:
        """Take the key of the setting: those where certificates are asked for are fewer."""
        self.key = key

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401, ARG002
        """Return the service; UsageError with those that there are."""
        services = self._choices()
        if value in services:
            return str(value)
        from difflib import get_close_matches

        near = next(iter(get_close_matches(str(value).lower(), services, 1, 0.6)), "")
        meant = f"; did you mean {near}?" if near else ""
        name = param.opts[0] if param else self.name
        message = f'{name} is one of {", ".join(services)}, not "{value}"{meant}'
        raise UsageError(message, typed=str(value), near=(near or services[0],))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Return the services that begin like what is typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(service) for service in self._choices() if service.startswith(incomplete)]

    def _choices(self) -> tuple[str, ...]:
        from sslutil.site import CLIENT_SERVICES, SERVICES

        return CLIENT_SERVICES if self.key == "client_auth.services" else tuple(SERVICES)


def _parse_whole(value: object) -> object:
    try:
        return int(str(value))
    except ValueError:
        return value


class SettingOption(click.Option):
    """An option that sets one key of site.toml; without a text of its own it is explained as the key is."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return name and explanation."""
        from sslutil.site import settings

        if not self.help and isinstance(self.type, SettingType):
            self.help = settings()[self.type.key].explanation
        return super().get_help_record(ctx)


def setting_option(name: str, key: str, text: str = "", metavar: str | None = None) -> Callable[..., Any]:
    """Return the decorator of an option that sets one key of site.toml."""
    return click.option(name, cls=SettingOption, type=SettingType(key), metavar=metavar, help=text)
