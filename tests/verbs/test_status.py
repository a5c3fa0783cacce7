"""status: what is, in words and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.site import PLAIN_HTTP
from sslutil.steps.situation import look
from sslutil.verbs import configure_ports, csr, enable
from sslutil.verbs.status import status
from tests.verbs.conftest import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At


def line(answer: Answer, label: str) -> str:
    """Return the value behind a label."""
    return dict(answer.lines)[label]


def test_nothing_yet(at: At, registry: Path) -> None:
    """Before the first generation it says where it looks, and what comes first; with a site.toml there, apply."""
    answer = status(at())
    assert f"nothing is in force in {registry} yet" == answer.headline
    assert ("sslutil certificate self-sign mail.example.org",) == answer.next
    assert answer.fields["certificate"] is None
    registry.mkdir()
    (registry / "site.toml").write_text("version = 1\n")
    assert ("sslutil apply",) == status(at()).next
    (registry / "site.toml").write_text("version = 2\n")
    assert "version is 1" in status(at()).warnings[0]


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(
    ("days", "left"),
    [(0, "100 days left"), (97, "3 days left"), (98, "46 hours left"), (99.93, "0 hours left"), (99.97, "EXPIRED")],
)
def test_how_long(days: float, left: str, at: At) -> None:
    """What is left of the certificate is told in days, at last in hours; one that has expired is loud."""
    answer = status(at(days=days))
    assert line(answer, "Valid until").endswith(f"({left})")
    assert ("the certificate has expired" in answer.warnings) == (left == "EXPIRED")


@pytest.mark.usefixtures("born")
def test_in_force(at: At) -> None:
    """It names certificate, ports, policy and place, and offers nothing where nothing is to be done."""
    answer = status(at())
    assert "generation 1 is in force, TLS is enabled" == answer.headline
    assert NAME == line(answer, "Names")
    assert "https 443, http 80 (offers secure mode)" == line(answer, "Ports")
    assert "2026-03-01 12:00 UTC, by certificate self-sign" == line(answer, "Since")
    assert ((), ()) == (answer.warnings, answer.next)
    assert [NAME] == answer.fields["names"]
    assert [] == answer.fields["requests"]


@pytest.mark.usefixtures("born")
def test_plain_http_in_words(at: At) -> None:
    """Each mode of plain http, and a switched-off port, is told in words."""
    seen = set()
    for mode in PLAIN_HTTP:
        configure_ports.configure_ports(at(), configure_ports.Request(plain_http=mode))
        seen.add(line(status(at()), "Ports"))
    assert len(PLAIN_HTTP) == len(seen)
    configure_ports.configure_ports(at(), configure_ports.Request(plain_http="offer", http_port=8383))
    enable.enable(at(), enabled=False)
    answer = status(at())
    assert "speaks plain http" in answer.headline
    assert f"http://{NAME}:8383/" == line(answer, "Users type")


def test_requests(at: At, born: Path) -> None:
    """Requests are told with their age, key and state, and all that they ask for."""
    csr.csr(at(days=3), csr.Request(country="AT", must_staple=True))
    csr.csr(at(days=10), csr.Request())
    csr.csr(at(days=10), csr.Request(discard=2))
    answer = status(at(days=10))
    fingerprint = answer.fields["certificate"]["key_sha256_fingerprint"]
    key = ":".join(fingerprint[index : index + 2] for index in range(0, 16, 2)).upper()
    assert f"{NAME}; made 7 days ago, waits for its answer; key {key}…" == line(answer, "Request 1")
    assert f"{NAME}; made less than an hour ago, discarded; key {key}…" == line(answer, "Request 2")
    first, second = answer.fields["requests"]
    assert {
        "number": 1,
        "time": "2026-03-04T12:00:00Z",
        "state": "waiting",
        "names": [NAME],
        "subject": {"country": "AT"},
        "must_staple": True,
        "key_type": "p256",
        "key_sha256_fingerprint": fingerprint,
    } == first
    assert ("discarded", {}, False) == (second["state"], second["subject"], second["must_staple"])
    (born / "requests/000001/answer.pem").touch()
    assert "made 7 days ago, answered;" in line(status(at(days=10)), "Request 1")


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(
    ("days", "warning"),
    [
        (10, None),
        (14, "request 1 has waited 14 days for its answer"),
        (61, "request 1 has waited 61 days for its answer"),
        (93.5, "CRITICAL: the certificate ends in 6 days, and request 1 has waited 94 days for its answer"),
        (101, "CRITICAL: the certificate has expired, and request 1 has waited 101 days for its answer"),
    ],
)
def test_missed_answer(days: float, warning: str | None, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is missed is told, critically in the last week of a certificate by an authority."""
    csr.csr(at(), csr.Request())
    certificate = look(at()).certificate
    assert certificate
    by_authority = certificate._replace(self_signed=False)
    monkeypatch.setattr("sslutil.steps.situation.Situation.certificate", by_authority)
    assert ([warning] if warning else []) == [each for each in status(at(days=days)).warnings if "request" in each]
    csr.csr(at(), csr.Request(discard=1))
    assert not [each for each in status(at(days=days)).warnings if "request" in each]


def test_what_is_wrong(at: At, born: Path) -> None:
    """Pending edits, a hand on a sealed file, an owed reload: each is a warning with the command that helps."""
    site = born / "site.toml"
    text = site.read_text()
    site.write_text(text.replace("https_port = 443", "https_port = 8443"))
    answer = status(at())
    assert "site.https_port: 443 → 8443" in answer.warnings[0]
    assert ["site.https_port"] == answer.fields["pending"]
    assert ("sslutil apply --dry-run --diff", "sslutil apply") == answer.next
    site.write_text(text)
    (born / "current/settings.toml").write_text("")
    assert ("settings.toml in generation 1 was edited or removed by hand",) == status(at()).warnings
    assert ("sslutil apply",) == status(at()).next
    (born / "deployed").unlink()
    assert "reload is owed" in status(at()).warnings[-1]
