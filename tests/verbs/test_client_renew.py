"""client-auth renew: refused at planning where the old one could never be put out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError, UsageError
from sslutil.steps.client_orders import Delivery
from sslutil.verbs import apply, client_renew, client_revoke
from tests.cli.refusals import assert_can_be_typed
from tests.verbs.clients import ANNA, BOB, issue, read_records, revoke, set_mode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


def ask(at: At, folder: Path, address: str = ANNA, overlap: int = 14) -> bool:
    """Renew somebody's, and return whether something changed."""
    delivery = Delivery(str(folder / "next.pem"), "pem", force=True)
    return client_renew.renew_client(at(), client_renew.Request(delivery, address, overlap)).changed


@pytest.mark.parametrize("server", ["postfix", "caddy", "apache"])
def test_where_a_server_reads_no_list(at: At, born: Path, tmp_path: Path, server: str) -> None:
    """A day on which a server could not put the old one out is refused when it is planned, and nothing is issued."""
    issue(at, tmp_path)
    set_mode(at, "optional")
    site = born / "site.toml"
    text = site.read_text().replace('exports = ["apache"]', f'exports = ["{server}"]')
    site.write_text(text.replace('services = ["https"]\n', 'services = ["https", "submission"]\n'))
    apply.apply(at(), replace=False)
    if server == "apache":
        assert ask(at, tmp_path)
        return
    before = read_records(born)
    with pytest.raises(SiteError, match="can't read a revocation list"):
        ask(at, tmp_path)
    assert before == read_records(born)
    assert not (tmp_path / "next.pem").exists()


@pytest.mark.parametrize("overlap", [-1, 826])
def test_an_overlap_out_of_bounds(at: At, born: Path, tmp_path: Path, overlap: int) -> None:
    """Days that can't be are refused, and nothing is issued."""
    issue(at, tmp_path)
    before = read_records(born)
    with pytest.raises(UsageError, match="--overlap is a whole number of days"):
        ask(at, tmp_path, overlap=overlap)
    assert before == read_records(born)


@pytest.mark.usefixtures("born")
def test_who_has_none(at: At, tmp_path: Path) -> None:
    """Whoever has none is told so, by renew and by revoke, with a command that can be typed."""
    issue(at, tmp_path)
    for attempt in (lambda: ask(at, tmp_path, BOB), lambda: revoke(at, BOB), lambda: revoke(at, None, serial="ff")):
        with pytest.raises(UsageError, match="was issued here") as refused:
            attempt()
        assert_can_be_typed(refused.value.hint or "sslutil client-auth list")


def test_a_serial_number_with_colons(at: At, born: Path, tmp_path: Path) -> None:
    """A number as openssl writes it means the same certificate; what is no number is told."""
    issue(at, tmp_path)
    issue(at, tmp_path, BOB)
    digits = f"{read_records(born)[ANNA].serial_number:040X}"
    spelt = ":".join(digits[at_ : at_ + 2] for at_ in range(0, 40, 2))
    with pytest.raises(UsageError, match="hexadecimal"):
        client_revoke.revoke_clients(at(), client_revoke.Request(serial="xyzzy"))
    assert revoke(at, None, serial=spelt).changed
    assert (True, False) == tuple(read_records(born)[who].revoked is not None for who in (ANNA, BOB))
