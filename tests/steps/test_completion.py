"""The chain that is completed from the registry, this machine and its issuers; and what is said of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import IssuerError, MaterialError
from sslutil.steps import completion
from sslutil.steps.completion import (
    complete,
    dropped_sentences,
    missing_error,
    missing_sentence,
    taken_sentences,
    untrusted_warning,
)
from sslutil.wire import fetch
from tests.pki.chain_parts import DAY, LEAF, Holder, Parts, make_certificate
from tests.pki.chain_parts import NOW as TODAY
from tests.steps.made import make_run
from tests.wire.served import Issuer, answer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sslutil.facts import Chain
    from sslutil.steps.run import Run

ROOT, TOP, LOW, SERVER = Holder("Root"), Holder("Top CA"), Holder("Low CA"), Holder("mail.example.org")
root = make_certificate(ROOT, ROOT)
served: dict[str, bytes] = {}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """The authority's web server, which gives what a test puts into `served`."""
    with serving(served) as listening:
        yield listening


@pytest.fixture(autouse=True)
def _places(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that trusts nobody, and takes the server's port for that of http."""
    monkeypatch.setattr(completion, "read_trust_store", lambda: b"")
    monkeypatch.setattr(fetch, "PORT", issuer.port)
    served.clear()


@pytest.fixture
def run() -> Run:
    """A command of today."""
    return make_run()._replace(clock=lambda: TODAY)


def make(holder: Holder, by: Holder, *addresses: str, **more: object) -> bytes:
    """Return a certificate that says where its issuer's is; the server's own for SERVER."""
    template = LEAF if holder is SERVER else Parts()
    parts = {name: getattr(template, name) for name in Parts.__dataclass_fields__} | more
    return make_certificate(holder, by, Parts(**{**parts, "addresses": addresses}))


def finish(  # noqa: PLR0913  as many as what it calls
    run: Run,
    leaf: bytes,
    given: Sequence[bytes] = (),
    pool: Sequence[bytes] = (),
    *,
    fetch: bool = True,
    allow_private: bool = True,
) -> Chain:
    """Complete a chain, by default with all that is allowed."""
    return complete(run, leaf, given, fetch=fetch, allow_private=allow_private, pool=pool)


class TestComplete:
    """Where the missing is from."""

    def test_given_and_pool(self, run: Run) -> None:
        """What came, then what the registry has."""
        leaf, low, top = make(SERVER, LOW), make(LOW, TOP), make(TOP, ROOT)
        chain = finish(run, leaf, [top], [leaf + low, root], fetch=False)

        assert (leaf, low, top) == chain.certificates
        assert ('took "CN=Low CA" from what this registry and this machine have',) == taken_sentences(chain)

    def test_trust_store(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """The machine's trust store tells what is trusted; without it nothing is."""
        leaf, low = make(SERVER, LOW), make(LOW, ROOT)
        assert not finish(run, leaf, [low, root]).trusted
        monkeypatch.setattr(completion, "read_trust_store", lambda: root)
        assert finish(run, leaf, [low]).trusted

    def test_nothing_fetched_unasked(self, run: Run, issuer: Issuer) -> None:
        """Without --fetch no address is asked, nor where nothing is missing."""
        served["/low"] = answer(make(LOW, ROOT))
        leaf = make(SERVER, LOW, issuer.url("/low"))
        before = len(issuer.requests)
        chain = finish(run, leaf, fetch=False)
        finish(run, leaf, [make(LOW, ROOT), root])

        assert before == len(issuer.requests)
        assert chain.missing
        assert (issuer.url("/low"),) == chain.missing.addresses
        assert "" == chain.missing.fault

    def test_fetched(self, run: Run, issuer: Issuer) -> None:
        """Two intermediates and the root, each from where the one below says."""
        low = make(LOW, TOP, issuer.url("/top"))
        top = make(TOP, ROOT, issuer.url("/root"))
        served.update({"/low": answer(low), "/top": answer(top), "/root": answer(root)})
        leaf = make(SERVER, LOW, issuer.url("/low"))
        chain = finish(run, leaf)

        assert (leaf, low, top) == chain.certificates
        assert chain.root
        assert chain.missing is None
        assert ('fetched "CN=Low CA", "CN=Top CA" from its issuer\'s address',) == taken_sentences(chain)

    def test_second_address(self, run: Run, issuer: Issuer) -> None:
        """Where one address fails the next is asked."""
        low = make(LOW, ROOT)
        served["/b"] = answer(low)
        leaf = make(SERVER, LOW, issuer.url("/a"), issuer.url("/b"))

        assert (leaf, low) == finish(run, leaf, [root]).certificates

    def test_renewed(self, run: Run, issuer: Issuer) -> None:
        """The new certificate of an authority takes the place of last year's, which was given."""
        old = make(LOW, ROOT, begin=TODAY - 9 * DAY, end=TODAY - DAY)
        low = make(LOW, ROOT)
        served["/low"] = answer(low)
        leaf = make(SERVER, LOW, issuer.url("/low"))

        assert (leaf, low) == finish(run, leaf, [old, root]).certificates
        with pytest.raises(MaterialError, match="expired on"):
            finish(run, leaf, [old, root], fetch=False)

    def test_impostor(self, run: Run, issuer: Issuer) -> None:
        """What is fetched must really have signed."""
        served["/low"] = answer(make(Holder("Low CA", "other"), ROOT))
        leaf = make(SERVER, LOW, issuer.url("/low"))
        chain = finish(run, leaf)

        assert (leaf,) == chain.certificates
        assert chain.missing
        assert f"what {issuer.url('/low')} gave is not that certificate" == chain.missing.fault

    def test_no_certificate(self, run: Run, issuer: Issuer) -> None:
        """What is no certificate at all is said."""
        served["/low"] = answer(b"<html>Moved</html>")
        chain = finish(run, make(SERVER, LOW, issuer.url("/low")))

        assert chain.missing
        assert issuer.url("/low") in chain.missing.fault

    def test_private(self, run: Run, issuer: Issuer) -> None:
        """A private address needs --allow-private."""
        served["/low"] = answer(make(LOW, ROOT))
        before = len(issuer.requests)
        chain = finish(run, make(SERVER, LOW, issuer.url("/low")), allow_private=False)

        assert chain.missing
        assert "--allow-private permits it" in chain.missing.fault
        assert before == len(issuer.requests)

    def test_no_address(self, run: Run) -> None:
        """A certificate that names no address is said to name none."""
        chain = finish(run, make(SERVER, LOW, "https://127.0.0.1/low"))

        assert chain.missing
        assert '"CN=mail.example.org" names no http address of it' == chain.missing.fault

    def test_endless(self, run: Run, issuer: Issuer) -> None:
        """An authority that always has another one above costs four steps."""
        holders = [Holder(f"Level {number}") for number in range(8)]
        for number in range(7):
            served[f"/{number}"] = answer(make(holders[number], holders[number + 1], issuer.url(f"/{number + 1}")))
        before = len(issuer.requests)
        begin = time.monotonic()
        chain = finish(run, make(SERVER, holders[0], issuer.url("/0")))

        assert 5 == len(chain.certificates)
        assert chain.missing
        assert "more than 4 steps" in chain.missing.fault
        assert before + 4 == len(issuer.requests)
        assert time.monotonic() - begin < 5

    def test_weak(self, run: Run) -> None:
        """An issuer that clients would refuse stops it."""
        with pytest.raises(MaterialError, match="may not sign certificates"):
            finish(run, make(SERVER, LOW), [make(LOW, ROOT, ca=False)])


class TestSentences:
    """What is said."""

    def test_missing(self, run: Run) -> None:
        """What lacks, and both ways to have it; --fetch is the cure that can be typed."""
        chain = finish(run, make(SERVER, LOW, "http://ca.example/low.crt"), fetch=False)
        sentence = missing_sentence(chain)
        error = missing_error(chain)

        assert sentence.startswith('the certificate of "CN=Low CA" (key identifier ')
        assert ', which signed "CN=mail.example.org", is missing; clients that' in sentence
        assert sentence.endswith(
            "give the authority's chain file too, or take it from http://ca.example/low.crt with --fetch"
        )
        assert isinstance(error, MaterialError)
        assert ("--fetch",) == error.added

    def test_missing_after_fetching(self, run: Run, issuer: Issuer) -> None:
        """Where fetching failed it is the issuer's fault, and is not offered again."""
        error = missing_error(finish(run, make(SERVER, LOW, issuer.url("/low"))))

        assert isinstance(error, IssuerError)
        assert f"is missing, and can't fetch {issuer.url('/low')}: it answers with status 404; clients" in error.message
        assert "--fetch" not in error.message
        assert () == error.added

    def test_missing_root(self, run: Run) -> None:
        """Of an intermediate's issuer, that it may be the root."""
        assert "is missing; unless it is the root, clients" in missing_sentence(
            finish(run, make(SERVER, LOW), [make(LOW, TOP)], fetch=False)
        )

    def test_no_cure_that_fails(self, run: Run) -> None:
        """Where no address is named, none is offered, and --fetch is no cure."""
        chain = finish(run, make(SERVER, LOW), fetch=False)

        assert "--fetch" not in missing_sentence(chain)
        assert () == missing_error(chain).added

    def test_complete(self, run: Run) -> None:
        """Of a chain that lacks nothing, nothing is said."""
        chain = finish(run, make(SERVER, LOW), [make(LOW, ROOT)], [root])

        assert "" == missing_sentence(chain)
        assert () == dropped_sentences(chain)
        assert () == taken_sentences(chain)

    def test_untrusted(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """A private root is named; a trusted one, a missing one and a self-signed certificate are not."""
        leaf, low = make(SERVER, LOW), make(LOW, ROOT)
        assert 'the chain ends at the root "CN=Root"' in untrusted_warning(finish(run, leaf, [low, root]))
        assert "" == untrusted_warning(finish(run, leaf, [low], fetch=False))
        assert "" == untrusted_warning(finish(run, make(SERVER, SERVER)))
        monkeypatch.setattr(completion, "read_trust_store", lambda: root)
        assert "" == untrusted_warning(finish(run, leaf, [low, root]))

    def test_dropped(self, run: Run) -> None:
        """A sentence for each reason, with all that it holds for."""
        leaf, low = make(SERVER, LOW), make(LOW, ROOT)
        strangers = [make(Holder(f"Stranger {number}"), Holder("Nobody")) for number in range(8)]
        old = make(LOW, ROOT, begin=TODAY - 9 * DAY, end=TODAY - DAY)
        chain = finish(run, leaf, [*strangers, root, low, low, old, make(LOW, TOP)])
        sentences = dropped_sentences(chain)

        assert 'left out "CN=Root": the root, of which clients have their own copy' in sentences
        assert 'left out "CN=Low CA": given more than once' in sentences
        assert any(sentence.startswith('the certificate of "CN=Low CA", which signed') for sentence in sentences)
        assert any('"CN=Stranger 4" and 3 more: it signed nothing' in sentence for sentence in sentences)
        assert any('left out "CN=Low CA": others lead to a root' in sentence for sentence in sentences)
        assert 5 == len(sentences)
