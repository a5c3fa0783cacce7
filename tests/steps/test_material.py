"""Key and certificate: kept, mended from their twins, or made anew; a key is never lost."""

from __future__ import annotations

import itertools

import pytest

from sslutil.errors import MaterialError
from sslutil.pki.certificates import describe_certificate, make_self_signed
from sslutil.pki.keys import describe_key, make_key
from sslutil.plan import MaterialPlan
from sslutil.registry import BUNDLE, CERTIFICATE, KEY
from sslutil.site import Site, change
from sslutil.steps.material import Material, make_material, read_material
from tests.steps.made import NAMES, NOW, REGISTRY, make_run, make_situation

SITE = change(Site(), {"site.names": NAMES, "certificate.lifetime": 90, "certificate.key_type": "p384"})
SIGNER = make_key("p256")
CHAIN = make_self_signed(SIGNER, SITE.site.names, now=NOW, days=90)
SERVED = Material(SIGNER.pem, CHAIN)
FILES = {KEY: SERVED.key, CERTIFICATE: SERVED.chain, BUNDLE: SERVED.key + SERVED.chain}
NOTHING = MaterialPlan(new_key=False, new_certificate=False, why=())
CERTIFICATE_ONLY = MaterialPlan(new_key=False, new_certificate=True, why=("x",))
BOTH = MaterialPlan(new_key=True, new_certificate=True, why=("x",))


class TestRead:
    """What is served, from whichever file is sound."""

    @pytest.mark.parametrize("lost", [names for count in range(4) for names in itertools.combinations(FILES, count)])
    @pytest.mark.parametrize("how", ["edited", "removed"])
    def test_twins(self, lost: tuple[str, ...], how: str) -> None:
        """Key and chain are found in any one file that is as it was written; what was edited never counts."""
        files = {name: content for name, content in FILES.items() if how == "edited" or name not in lost}
        files |= {name: b"-----BEGIN CERTIFICATE-----\nedited" for name in lost if how == "edited"}
        found = read_material(make_situation(files=files, edited=lost))
        key = SERVED.key if {KEY, BUNDLE} - set(lost) else b""
        chain = SERVED.chain if {CERTIFICATE, BUNDLE} - set(lost) else b""

        assert Material(key, chain) == found

    def test_longer_chain(self) -> None:
        """A chain of several certificates is found whole in the bundle."""
        files = {BUNDLE: SERVED.key + SERVED.chain * 3}

        assert Material(SERVED.key, SERVED.chain * 3) == read_material(make_situation(files=files))

    def test_unreadable_key(self) -> None:
        """An account that may read the certificate alone finds the certificate alone."""
        assert Material(b"", SERVED.chain) == read_material(make_situation(files={CERTIFICATE: SERVED.chain}))

    def test_nothing(self) -> None:
        """Where nothing is served, nothing is found."""
        assert Material() == read_material(make_situation())


class TestMake:
    """What was decided is made."""

    def test_kept(self) -> None:
        """Where nothing is to be made, what is served is kept, byte for byte."""
        assert SERVED is make_material(make_run(), SERVED, NOTHING, SITE, NOW)

    def test_renewed(self) -> None:
        """A new certificate goes over the kept key, whatever its type, with the site's names and lifetime."""
        made = make_material(make_run(), SERVED, CERTIFICATE_ONLY, SITE, NOW)
        facts = describe_certificate(made.chain)

        assert SERVED.key == made.key
        assert SERVED.chain != made.chain
        assert (SITE.site.names, describe_key(SERVED.key)) == (facts.names, facts.key)

    def test_new_key(self) -> None:
        """A new key is of the site's type, and the certificate is over it."""
        made = make_material(make_run(), SERVED, BOTH, SITE, NOW)

        assert SERVED.key != made.key
        assert "p384" == describe_key(made.key).key_type
        assert describe_key(made.key) == describe_certificate(made.chain).key

    def test_lost_key(self) -> None:
        """Where every copy of the key is lost, no other one takes its place unasked."""
        with pytest.raises(MaterialError, match=f"^no sound key is left in {REGISTRY}/current") as refused:
            make_material(make_run(), Material(b"", SERVED.chain), CERTIFICATE_ONLY, SITE, NOW)
        assert "sslutil certificate self-sign --new-key" == refused.value.hint
        assert make_material(make_run(), Material(b"", SERVED.chain), BOTH, SITE, NOW).key

    def test_damaged_key(self) -> None:
        """A key that was damaged before it was sealed is told with its path, and no byte of it."""
        lines = SERVED.key.decode().split("\n")
        damaged = "\n".join([lines[0], "AAAA" + lines[1][4:], *lines[2:]])
        with pytest.raises(MaterialError, match=f"^{REGISTRY}/current/server.key is damaged") as refused:
            make_material(make_run(), Material(damaged.encode(), b""), CERTIFICATE_ONLY, SITE, NOW)
        assert lines[1][4:] not in str(refused.value) + refused.value.hint
