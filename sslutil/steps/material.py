"""The key and certificate of a generation: kept as they are, mended from their twins, or made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError
from sslutil.registry import BUNDLE, CERTIFICATE, KEY

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.plan import MaterialPlan
    from sslutil.site import Site
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

_CERTIFICATE_BEGINS = b"-----BEGIN CERTIFICATE-----"
NAMES = frozenset({KEY, CERTIFICATE, BUNDLE})


class Material(NamedTuple):
    """A key and its certificate chain, in PEM; empty where there is none."""

    key: bytes = b""
    chain: bytes = b""

    def __repr__(self) -> str:
        """Return what may be told: no byte of the key."""
        return f"Material(key of {len(self.key)} bytes, chain of {len(self.chain)} bytes)"


def read_material(situation: Situation) -> Material:
    """Return what is served, from whichever of the sealed files is still as it was written."""
    sound = {name: content for name, content in situation.files.items() if name not in situation.edited}
    key, found, chain = sound.get(BUNDLE, b"").partition(_CERTIFICATE_BEGINS)
    return Material(sound.get(KEY, key), sound.get(CERTIFICATE, found + chain))


def make_material(run: Run, kept: Material, decided: MaterialPlan, site: Site, now: datetime) -> Material:
    """Return the material that was decided: a self-signed certificate, over the kept key unless a new one was."""
    from sslutil.pki.certificates import make_self_signed
    from sslutil.pki.keys import make_key, parse_key

    if not decided.new_certificate:
        return kept
    if not decided.new_key and not kept.key:
        message = f"no sound key is left in {run.path('current')}: {KEY} and {BUNDLE} were edited or removed"
        raise MaterialError(message, run.command("certificate", "self-sign", "--new-key"))
    key = make_key(site.certificate.key_type) if decided.new_key else parse_key(kept.key, run.path(f"current/{KEY}"))
    return Material(key.pem, make_self_signed(key, site.site.names, now=now, days=site.certificate.lifetime))
