"""Names: what is taken, in which spelling; what is refused, with which sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sslutil.errors import UsageError
from sslutil.names import Identity, parse_client, parse_identities, parse_identity, render_identity

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

TAKEN = [
    ("mail.example.org", "dns", "mail.example.org"),
    ("MAIL.Example.ORG", "dns", "mail.example.org"),
    ("localhost", "dns", "localhost"),
    ("mailserver", "dns", "mailserver"),
    ("r3---sn-4g5e.example.org", "dns", "r3---sn-4g5e.example.org"),
    ("4.example.org", "dns", "4.example.org"),
    ("*.example.org", "dns", "*.example.org"),
    ("bücher.example", "dns", "xn--bcher-kva.example"),
    ("BÜCHER.example", "dns", "xn--bcher-kva.example"),
    ("XN--BCHER-KVA.example", "dns", "xn--bcher-kva.example"),
    ("*.bücher.example", "dns", "*.xn--bcher-kva.example"),
    ("straße.example", "dns", "xn--strae-oqa.example"),
    ("ＭＡＩＬ。example。org", "dns", "mail.example.org"),  # noqa: RUF001  full-width letters and dots
    (".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]), "dns", ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])),
    ("192.0.2.1", "ip", "192.0.2.1"),
    ("127.0.0.1", "ip", "127.0.0.1"),
    ("１９２.0.2.1", "ip", "192.0.2.1"),  # noqa: RUF001  full-width digits
    ("2001:DB8:0:0::1", "ip", "2001:db8::1"),
    ("::1", "ip", "::1"),
]

NEW_NAME = "give the name that clients connect to, such as mail.example.org"
NEW_ADDRESS = "give the address that clients connect to"
NEW_WILDCARD = "put a star and a domain of your own, such as *.example.org"

REFUSED = [
    ("", "is empty", NEW_NAME),
    (" \t", "is empty", NEW_NAME),
    ("mail..example.org", "empty label", "did you mean mail.example.org"),
    (".example.org", "empty label", "did you mean example.org"),
    ("1..2.3", "empty label", ""),
    ("*.a..b", "empty label", "did you mean *.a.b"),
    ("mail_1.example.org", "underscore", "did you mean mail-1.example.org"),
    ("mail.example.org.", "ends with a dot", "did you mean mail.example.org"),
    (".", "ends with a dot", ""),
    ("...", "ends with a dot", ""),
    ("192.0.2.1.", "ends with a dot", "did you mean 192.0.2.1"),
    ("a" * 64 + ".example", "label of 64 characters", ""),
    ("ü" * 60 + ".example", "once encoded", ""),
    (".".join(["a" * 60] * 5), "has 304 characters", ""),
    (".".join(["ü" * 40] * 6), "characters once encoded, and DNS allows 253", ""),
    ("*.*.example.org", "more than one wildcard", "did you mean *.example.org"),
    ("*.*.x", "more than one wildcard", NEW_WILDCARD),
    ("mail*.example.org", "not the whole leftmost label", "did you mean *.example.org"),
    ("mail.*.org", "not the whole leftmost label", NEW_WILDCARD),
    ("*", "not the whole leftmost label", NEW_WILDCARD),
    ("*.com", "whole top-level domain", NEW_WILDCARD),
    ("https://mail.example.org/x", "is a URL", "did you mean mail.example.org"),
    ("https://me@mail.example.org:443", "is a URL", "did you mean mail.example.org"),
    ("https://[2001:db8::1]:443/", "is a URL", "did you mean 2001:db8::1"),
    ("https://bücher.example/", "is a URL", "did you mean bücher.example"),
    ("http://", "is a URL", ""),
    ("mail.example.org:443", "has a port", "did you mean mail.example.org"),
    ("mail.example.org:https", "has a port", "did you mean mail.example.org"),
    ("192.0.2.1:443", "has a port", "did you mean 192.0.2.1"),
    ("[::1]", "has brackets", "did you mean ::1"),
    ("[::1]:443", "has brackets", "did you mean ::1"),
    ("[::1", "has brackets", "did you mean ::1"),
    ("mail.example.org/path", "has a path", "did you mean mail.example.org"),
    ("admin@example.org", "is an e-mail address", "did you mean example.org"),
    ("a.example,b.example", "several names in one", "separate names by spaces: a.example b.example"),
    ("a.example; b.example", "several names in one", "separate names by spaces: a.example b.example"),
    ("a.example b_c.example", "several names", "separate names by spaces: mail.example.org imap.example.org"),
    (" mail.example.org", "at its edge", "did you mean mail.example.org"),
    ("mail.example.org\n", "at its edge", "did you mean mail.example.org"),
    ("mail.example.org,", "at its edge", "did you mean mail.example.org"),
    ("mail\0.example.org", "control character", "did you mean mail.example.org"),
    ("\N{RIGHT-TO-LEFT OVERRIDE}mail.example.org", "control character", "did you mean mail.example.org"),
    ("mail\N{ZERO WIDTH SPACE}.example.org", "invisible", "did you mean mail.example.org"),
    ("mail\udcff.example.org", "control character", "did you mean mail.example.org"),
    ("-mail.example.org", "hyphen at the edge", "did you mean mail.example.org"),
    ("mail-.example.org", "hyphen at the edge", "did you mean mail.example.org"),
    ("1.2.3.4.5", "ends in a number", "an IPv4 address has four numbers"),
    ("10.0.0", "ends in a number", "an IPv4 address has four numbers"),
    ("*.192.0.2.1", "ends in a number", "an IPv4 address has four numbers"),
    ("mail.0x7f", "ends in a number", "an IPv4 address has four numbers"),
    ("256.1.1.1", "looks like an IPv4 address", ""),
    ("010.0.0.1", "looks like an IPv4 address", "did you mean 10.0.0.1"),
    ("192.0.2.0/24", "is a network", "did you mean 192.0.2.0"),
    ("2001:db8::/32", "is a network", "did you mean 2001:db8::"),
    ("fe80::1%eth0", "has a zone", "did you mean fe80::1"),
    ("1::2::3", "no IPv6 address", ""),
    ("::ffff:192.0.2.1", "in the spelling of IPv6", "did you mean 192.0.2.1"),
    ("0.0.0.0", "no client connects to", NEW_ADDRESS),  # noqa: S104  a text, nothing binds to it
    ("::", "no client connects to", NEW_ADDRESS),
    ("255.255.255.255", "no client connects to", NEW_ADDRESS),
    ("224.0.0.1", "multicast", NEW_ADDRESS),
    ("ff02::1", "multicast", NEW_ADDRESS),
    ("a$b.example.org", 'has "$" in it', ""),
    ("😀.example.org", "IDNA 2008 does not allow", ""),
    ("a\N{ZERO WIDTH JOINER}b.example.org", "IDNA 2008 does not allow", ""),
    ("\u0378.example.org", "no domain name can have", ""),
    ("xn--zzzz.example.org", "no valid encoding", ""),
    ("xn--maß.example.org", "no valid encoding", ""),
]


class TestTaken:
    """What parse_identity takes."""

    @pytest.mark.parametrize(("typed", "kind", "text"), TAKEN, ids=range(len(TAKEN)))
    def test_spelling_is_canonical(self, typed: str, kind: str, text: str) -> None:
        """Whatever the spelling that was typed, there is one text for the name."""
        identity = parse_identity(typed)

        assert (kind, text) == (identity.kind, identity.text)

    def test_wildcard(self) -> None:
        """A wildcard knows that it is one, and nothing else does."""
        assert parse_identity("*.example.org").wildcard
        assert not parse_identity("example.org").wildcard

    def test_each_name_once(self) -> None:
        """Names that differ in spelling alone are one, and the order is that of the first times."""
        typed = ["mail.example.org", "BÜCHER.example", "MAIL.example.org", "xn--bcher-kva.example", "::1", "0:0::1"]

        assert ("mail.example.org", "xn--bcher-kva.example", "::1") == tuple(
            identity.text for identity in parse_identities(typed)
        )

    def test_one_bad_name_refuses_all(self) -> None:
        """A list with one bad name is refused with that name."""
        with pytest.raises(UsageError, match="b_c"):
            parse_identities(["a.example", "b_c.example"])


class TestRendered:
    """What people read."""

    def test_both_spellings(self) -> None:
        """An international name is shown as people write it and as DNS has it."""
        assert "bücher.example (xn--bcher-kva.example)" == render_identity(parse_identity("bücher.example"))

    @pytest.mark.parametrize("text", ["mail.example.org", "*.example.org", "192.0.2.1", "::1"])
    def test_plain(self, text: str) -> None:
        """Any other name is shown once."""
        assert text == render_identity(parse_identity(text))

    def test_stranger(self) -> None:
        """A label of a stranger's certificate that can't be decoded is shown as it is."""
        assert "xn--zzzz.example" == render_identity(Identity("dns", "xn--zzzz.example"))


class TestRefused:
    """What parse_identity refuses."""

    @pytest.mark.parametrize(("typed", "fault", "hint"), REFUSED, ids=range(len(REFUSED)))
    def test_sentence_and_hint(self, typed: str, fault: str, hint: str) -> None:
        """Each mistake has a sentence of its own, and what was meant where it can be guessed."""
        with pytest.raises(UsageError) as refused:
            parse_identity(typed)

        assert fault in refused.value.message
        assert hint == refused.value.hint

    @pytest.mark.parametrize("hint", sorted({hint for _, _, hint in REFUSED if hint.startswith("did you mean ")}))
    def test_hint_is_a_name(self, hint: str) -> None:
        """Who follows a hint is not refused again."""
        parse_identity(hint.removeprefix("did you mean "))

    def test_echo_is_escaped(self) -> None:
        """Control characters of what was typed never reach a terminal."""
        with pytest.raises(UsageError, match=re.escape(r'"\x1b[31m\u202email" holds')):
            parse_identity("\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}mail")

    def test_echo_is_short(self) -> None:
        """What was typed is cut, however long it is."""
        with pytest.raises(UsageError) as refused:
            parse_identity("ü" * 100_000)

        assert len(refused.value.message) < 200

    def test_long_list_gives_an_example(self) -> None:
        """A pasted list too long to repeat is answered with an example."""
        with pytest.raises(UsageError) as refused:
            parse_identity(",".join(f"mail{number}.example.org" for number in range(1000)))

        assert "separate names by spaces: mail.example.org imap.example.org" == refused.value.hint


LABELS = st.one_of(
    st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True),
    st.text("aäßçñéøœżčαωдяあ漢字한अाกא", min_size=1, max_size=10),  # noqa: RUF001  scripts are the point
    st.text(max_size=5),
)
DOMAINS = st.builds(
    lambda star, labels: star + ".".join(labels),
    st.sampled_from(["", "", "*."]),
    st.lists(LABELS, min_size=1, max_size=4),
)
ADDRESSES = st.ip_addresses().map(str)
SHAPES = st.text("ab1.*-_:/@[]%, \0ü", max_size=20)


class TestAnyText:
    """What holds for every text."""

    @given(st.one_of(DOMAINS, ADDRESSES, SHAPES, st.text()))
    @example("*.")
    @example("mail.*")
    @example("a.*_")
    @example("xn--ls8h.example")
    def test_parses_to_itself_or_is_refused(self, text: str) -> None:
        """An identity's text and its Unicode spelling are that identity again; else there is one clean sentence."""
        answer = answer_to(text)

        if isinstance(answer, UsageError):
            assert answer.message.startswith("name ")
            assert (answer.message + answer.hint).isprintable()
            assert not answer.message.endswith(".")
        else:
            assert answer.text.isascii()
            assert answer.text == answer.text.lower()
            assert answer == parse_identity(answer.text)
            assert answer == parse_identity(answer.unicode)

    @given(st.ip_addresses())
    def test_address_in_any_spelling(self, address: IPv4Address | IPv6Address) -> None:
        """An address's long and short spelling are one identity, in its short spelling."""
        assume(isinstance(answer_to(str(address)), Identity))

        assert Identity("ip", str(address)) == parse_identity(address.exploded.upper())


def answer_to(text: str) -> Identity | UsageError:
    """Return the identity, or why there is none."""
    try:
        return parse_identity(text)
    except UsageError as refused:
        return refused


def modules_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after `code`, without what measures coverage."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, env={}, capture_output=True, text=True, timeout=30, check=True)
    return set(done.stdout.split())


class TestImports:
    """What names cost."""

    def test_ascii_needs_no_idna(self) -> None:
        """A host name in ASCII loads neither idna nor ipaddress."""
        loaded = modules_after("from sslutil.names import parse_identity as p; p('*.example.org').unicode")

        assert not {"idna", "ipaddress", "cryptography"} & loaded

    def test_unicode_needs_idna(self) -> None:
        """A name in Unicode loads idna, so that the test before can fail."""
        assert "idna" in modules_after("from sslutil.names import parse_identity as p; p('b\\u00fccher.example')")


CLIENTS = [
    ("anna@example.org", "email", "anna@example.org"),
    ("Anna.Berg@EXAMPLE.Org", "email", "Anna.Berg@example.org"),
    ("anna+mail@bücher.example", "email", "anna+mail@xn--bcher-kva.example"),
    ("o'neill/x=1@example.org", "email", "o'neill/x=1@example.org"),
    (f"{'a' * 64}@example.org", "email", f"{'a' * 64}@example.org"),
    ("anna@localhost", "email", "anna@localhost"),
    ("Relay.Example.org", "dns", "relay.example.org"),
    ("bücher.example", "dns", "xn--bcher-kva.example"),
]
NO_CLIENTS = [
    "",
    "@",
    "anna@",
    "@example.org",
    "a@b@example.org",
    "anna berg@example.org",
    '"anna berg"@example.org',
    "jörg@example.org",
    ".anna@example.org",
    "anna.@example.org",
    "an..na@example.org",
    f"{'a' * 65}@example.org",
    f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}",
    "anna\n@example.org",
    "anna\0@example.org",
    "anna@example.org\n,",
    "\u202eanna@example.org",
    "anna@192.0.2.1",
    "anna@[192.0.2.1]",
    "anna@*.example.org",
    "anna@*.example..org",
    "anna@exa_mple.org",
    "anna@example..org",
    "Anna <anna@example.org>",
    "mailto:anna@example..org",
    "192.0.2.1",
    "2001:db8::1",
    "*.example.org",
]


class TestClients:
    """Whom a client certificate is for."""

    @pytest.mark.parametrize(("typed", "kind", "text"), CLIENTS)
    def test_taken(self, typed: str, kind: str, text: str) -> None:
        """A mailbox's domain and a host are in A-labels, in small letters; what is before the @ stays as typed."""
        assert (kind, text) == parse_client(typed)
        assert parse_client(text) == parse_client(parse_client(typed).unicode)

    @pytest.mark.parametrize("typed", NO_CLIENTS)
    def test_refused(self, typed: str) -> None:
        """What no server would know a client by is refused, and what was meant is taken where it is told."""
        with pytest.raises(UsageError) as refused:
            parse_client(typed)

        assert refused.value.typed == typed
        assert refused.value.message.isprintable()
        assert all(parse_client(near) for near in refused.value.near)

    def test_meant(self) -> None:
        """A slip in the domain is told with the whole address that was meant."""
        with pytest.raises(UsageError) as refused:
            parse_client("anna@example..org")

        assert refused.value.near == ("anna@example.org",)

    def test_shown(self) -> None:
        """People see the domain as they write it."""
        assert parse_client("anna@bücher.example").unicode == "anna@bücher.example"

    @given(st.text(max_size=60) | st.emails() | st.text('a@.-\u00fc\u0130*[]:" \n', max_size=20))
    def test_any(self, text: str) -> None:
        """Any text is refused with our error, or is ASCII that comes back as itself."""
        try:
            identity = parse_client(text)
        except UsageError:
            return
        assert identity.text.isascii()
        assert identity.text.isprintable()
        assert identity == parse_client(identity.text)
