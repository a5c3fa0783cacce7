"""Client authentication by a real Apache: whom it lets in and whom not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.judges import apache
from tests.live.client_certificates import ClientContract, make_clients
from tests.live.contracts import Cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.client_certificates import Clients

pytestmark = pytest.mark.needs("apache2", "curl", "openssl")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One Apache with a virtual host for each site."""
    made = make_clients("apache", tmp_path_factory.mktemp("clients"), free_port)
    with apache.serving([(made.ports[name], site.host()) for name, site in made.sites.items()]):
        yield made


class TestClients(ClientContract):
    """Whom it lets in."""

    export = "apache"
    served = apache.SERVED
    cases: ClassVar = ClientContract.cases | {
        # A mode without an authority is refused, naming the key; so is one whose authority has no client yet.
        "test_refused": Cases(
            "table,told",
            [
                (f'mode = "{mode}"\n{more}', told)
                for mode in ("optional", "require")
                for more, told in (("own_ca = false", "ca_files"), ("", "nobody has a certificate"))
            ],
        )
    }
