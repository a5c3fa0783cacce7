"""Headless Chromium: what a user's browser says of a server, asked over its debugging pipe."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.judges import PATIENCE, nss

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = (
    "--headless",
    "--no-sandbox",  # its sandbox refuses to run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

PEER = "P,,"
"""NSS: this very certificate is trusted as a server. Chromium 156 takes a self-signed leaf so, and checks its names."""
AUTHORITY = "C,,"
"""NSS: a CA for servers. Chromium 156 answers ERR_CERT_INVALID where the certificate so trusted is not a CA itself."""


class Client(NamedTuple):
    """What somebody was handed to show to a server."""

    file: Path
    """PKCS#12."""
    passphrase: str


@dataclass(frozen=True)
class Visit:
    """What the browser shows for one address."""

    error: str
    """Such as "net::ERR_CERT_AUTHORITY_INVALID"; empty where the page was loaded."""
    security: str
    """Chromium's own word: "secure", "insecure-broken" (the warning page), "insecure" (plain http)."""
    protocol: str
    """As Chromium writes it: "TLS 1.3"; empty without TLS."""
    fingerprint: str
    """SHA-256 of the server's certificate, 64 lower-case hexadecimal digits; empty without TLS."""
    text: str
    """What a person reads: of the page, or of the warning in its place."""


def visit(  # noqa: PLR0913  what a person chooses
    port: int,
    name: str,
    *,
    trusted: Path | None = None,
    trust: str = PEER,
    scheme: str = "https",
    client: Client | None = None,
) -> Visit:
    """Load the root page of 127.0.0.1 under `name`, in a new browser that trusts `trusted` besides the public CAs.

    `trust` is PEER for a self-signed certificate, AUTHORITY for a CA. `client` is shown where a server asks.
    """
    with browsing(name, trusted=trusted, trust=trust, client=client) as pipe:
        pipe.call("Security.enable")
        pipe.events.clear()
        answer = pipe.call("Page.navigate", url=f"{scheme}://{name}:{port}/")
        pipe.wait_for("Page.loadEventFired")  # the warning page fires it too
        state = pipe.wait_for("Security.visibleSecurityStateChanged")["visibleSecurityState"]
        text = pipe.evaluate("document.body.innerText")
    seen = state.get("certificateSecurityState", {})
    return Visit(
        error=answer.get("errorText", ""),
        security=state["securityState"],
        protocol=seen.get("protocol", ""),
        fingerprint=hashlib.sha256(base64.b64decode(seen["certificate"][0])).hexdigest() if seen else "",
        text=text,
    )


@contextlib.contextmanager
def browsing(
    name: str, *, trusted: Path | None = None, trust: str = PEER, client: Client | None = None
) -> Iterator[Pipe]:
    """Start a new browser with one empty page, for which `name` is 127.0.0.1 and no other name is anything."""
    with tempfile.TemporaryDirectory(prefix="sslutil-chromium-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        if trusted:
            _trust(home, trusted, trust)
        if client:
            _import(home, client, name)
        with _started(home, f"MAP {name} 127.0.0.1, MAP * ~NOTFOUND") as pipe:
            target = pipe.call("Target.createTarget", url="about:blank")["targetId"]
            pipe.session = pipe.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            pipe.call("Page.enable")
            yield pipe


def _trust(home: Path, certificate: Path, trust: str) -> None:
    subprocess.run(
        ["certutil", "-d", _store(home), "-A", "-n", "trusted", "-t", trust, "-i", certificate],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )


def _import(home: Path, client: Client, name: str) -> None:
    """Take a client's file in, and let it be chosen unasked, as the policy AutoSelectCertificateForUrls does.

    The policy's own file would stand in /etc, for everybody; Chromium keeps the same setting in the profile.
    """
    verdict = nss.judge_pkcs12(client.file, client.passphrase, _store(home))
    assert verdict.accepted, verdict.words
    chosen: dict[str, object] = {f"https://{name},*": {"setting": {"filters": [{}]}}}
    settings = {"profile": {"content_settings": {"exceptions": {"auto_select_certificate": chosen}}}}
    folder = home / "profile" / "Default"
    folder.mkdir(parents=True)
    (folder / "Preferences").write_text(json.dumps(settings))


def _store(home: Path) -> str:
    """Return the name of the browser's NSS store, which is made where there is none."""
    folder = home / ".pki" / "nssdb"
    if folder.exists():
        return f"sql:{folder}"
    folder.mkdir(parents=True)
    return nss.make_store(folder)


@dataclass
class Pipe:
    """The debugging pipe: JSON messages, each ended by a zero byte (Chrome DevTools Protocol)."""

    source: int
    sink: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _calls: int = 0
    _pending: bytes = b""

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method, in the session where there is one, and return its result."""
        self._calls += 1
        message: dict[str, object] = {"id": self._calls, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._calls:
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for(self, method: str) -> dict[str, Any]:
        """Return the parameters of the newest event of a name, waiting for the first one."""
        while not (found := [event for event in self.events if event["method"] == method]):
            self.events.append(self._read())
        params: dict[str, Any] = found[-1]["params"]
        return params

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401  whatever JSON has
        """Return the value of an expression of JavaScript on the page."""
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true; TimeoutError with the page's text where it never is."""
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate(f"!!({expression})"):
            if time.monotonic() > deadline:
                raise TimeoutError(self.evaluate("document.body.innerText"))
            time.sleep(0.05)

    def screenshot(self) -> bytes:
        """Return what the page looks like, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self.source], [], [], max(0, deadline - time.monotonic()))
            received = os.read(self.source, 65536) if ready else b""
            if not received:
                raise TimeoutError("chromium closed its pipe" if ready else "chromium hangs")
            self._pending += received
        first, _, self._pending = self._pending.partition(b"\0")
        parsed: dict[str, Any] = json.loads(first)
        return parsed


@contextlib.contextmanager
def _started(home: Path, resolver_rules: str) -> Iterator[Pipe]:
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    options = [*OPTIONS, f"--user-data-dir={home / 'profile'}", f"--host-resolver-rules={resolver_rules}"]
    # Chromium reads from descriptor 3 and writes to 4.
    browser = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", "chromium", *options],
        pass_fds=(theirs_in, theirs_out),
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    pipe = Pipe(ours_in, ours_out)
    try:
        yield pipe
        pipe.session = ""
        pipe.call("Browser.close")
        browser.wait(timeout=PATIENCE)
    finally:
        os.close(ours_in)
        os.close(ours_out)
        if browser.poll() is None:
            browser.kill()
            browser.wait()
