"""client-auth ca: an authority that has ended signs nothing, and is no longer trusted beside the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError
from sslutil.verbs import client_ca, renew
from tests.cli.refusals import assert_can_be_typed
from tests.verbs.clients import ANNA, BOB, issue, read_records, set_mode

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

ENDED = 3651
"""Days after the birth of the site: the first authority has ended."""


def renew_ca(at: At, after: float, *, force: bool = False) -> Answer:
    """Make the next authority, so many days after the birth of the site."""
    return client_ca.renew_ca(at(days=after), force=force, ca_passphrase_file=None, mail_domains=())


def test_an_ended_one_signs_nothing(at: At, born: Path, tmp_path: Path) -> None:
    """What an ended authority would sign lets nobody in: it is refused with the cure, which does cure it."""
    issue(at, tmp_path)
    with pytest.raises(MaterialError, match="client authority 1 ended on 2036-02-2") as refused:
        issue(at, tmp_path, BOB, after=ENDED)
    assert_can_be_typed(refused.value.hint)
    assert {ANNA} == read_records(born).keys()
    assert renew_ca(at, ENDED).changed
    assert issue(at, tmp_path, BOB, after=ENDED).changed
    assert 2 == read_records(born)[BOB].authority


def test_an_ended_one_is_no_longer_trusted(at: At, born: Path, tmp_path: Path) -> None:
    """Old and new are trusted side by side until the old one ends; the nightly renewal then drops it."""
    issue(at, tmp_path)
    set_mode(at, "optional")
    trusted = born / "current" / "client-ca.crt"
    assert renew_ca(at, 3000).changed
    assert 2 == trusted.read_text().count("BEGIN CERTIFICATE")
    renew.renew(at(days=ENDED), renew.Request())
    assert (born / "clients/000002/ca.crt").read_bytes() == trusted.read_bytes()


def test_it_names_what_it_wrote(at: At, born: Path, tmp_path: Path) -> None:
    """The answer names each file of the new authority; before it is due nothing is written."""
    issue(at, tmp_path)
    assert () == renew_ca(at, 1).written
    written = renew_ca(at, 1, force=True).written
    assert {f"{born}/clients/000002/{name}" for name in ("ca.key", "ca.crt", "ca.crl")} <= set(written)
