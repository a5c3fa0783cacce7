"""What the recipes for servers in Python say alike: each takes its context from sslutil.server, and follows a flip."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from sslutil.exporters.parts import (
    TLS13,
    clients_of,
    find_lost_depth,
    introduce,
    refuse_characters,
    refuse_depth,
    refuse_unlisted,
)
from sslutil.profiles import DEFAULT_PROFILE, PROFILES
from sslutil.registry import CURRENT

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

_CURE = "before Python 3.15; sslutil export openssl-conf says it"


def render_recipe(plan: ExportPlan, name: str, title: str, use: str, program: str) -> str:
    """Return a program with its head; `{registry}` in it becomes the path of the registry."""
    if clients_of(plan, "https").mode != "off":
        refuse_depth(plan, name, title)
        refuse_unlisted(plan, title)
    head = introduce(plan, f"With sslutil installed for its Python: {use}", losses=find_losses(plan))
    registry = plan.directory.removesuffix(f"/{CURRENT}")
    return "\n".join(head) + "\n" + program.replace("{registry}", quote(registry))


def quote(path: str) -> str:
    """Return a path as a literal of Python, which can hold any."""
    return ascii(path)


def quote_argument(path: str) -> str:
    """Return a path as an argument of a shell; SiteError for what no line of a comment holds."""
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", path):
        raise refuse_characters("a comment", path, "")
    return shlex.quote(path)


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what these servers can't express of the site."""
    site, policy = plan.site.site, plan.policy
    usual = set(policy.ciphersuites) == set(PROFILES[DEFAULT_PROFILE].ciphersuites)
    asked = clients_of(plan, "https").mode != "off"
    losses = {
        f"the suites of TLS 1.3, {_CURE}": TLS13 in policy.protocols and (policy.prefer_server_ciphers or not usual),
        f"the choice of groups, {_CURE}": len(policy.groups) != 1,
        "the names of the client authorities: a browser offers every certificate that it has": asked,
        f'plain_http = "{site.plain_http}": the application answers plain http (settings.https_url)': site.enabled
        and site.plain_http != "offer",
        "HSTS: the application sends it (settings.hsts_header)": site.enabled and bool(site.hsts_max_age),
    }
    return (*(loss for loss, holds in losses.items() if holds), *find_lost_depth(plan, "Python's ssl", "https"))
