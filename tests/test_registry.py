"""Which directory is the registry, and what is called how in it."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil import registry
from sslutil.errors import UsageError
from sslutil.registry import (
    Choice,
    choose,
    generation_name,
    generation_target,
    parse_generation_name,
    parse_generation_target,
    parse_registry_path,
    user_default,
    user_file,
    waiting_name,
)

SOURCES = ("option", "variable", "user", "machine", "default")


def parse(text: str) -> str:
    """Return what a text means in /work, where /etc/sslutil is the default."""
    return parse_registry_path(text, working_directory="/work", default="/etc/sslutil")


def _choose(*given: str) -> Choice:
    """Return the choice among the sources that are given; the default always is."""
    option, variable, user, machine = (f"/{source}" if source in given else None for source in SOURCES[:4])
    return choose(option=option, variable=variable, user=user, machine=machine, default="/default")


class TestChoose:
    """The order of precedence."""

    @pytest.mark.parametrize("first", range(5))
    def test_precedence(self, first: int) -> None:
        """The first that is given counts, and the answer says which one that was."""
        choice = _choose(*SOURCES[first:])

        assert (f"/{SOURCES[first]}", SOURCES[first]) == (choice.path, choice.source)

    def test_reasons(self) -> None:
        """Each source has a reason in words of its own, and the variable and the file are named."""
        reasons = [_choose(source).reason for source in SOURCES]

        assert 5 == len(set(reasons))
        assert "SSLUTIL_REGISTRY_PATH" in reasons[1]
        assert "/etc/xdg/sslutil/registry-path" in reasons[3]

    def test_empty_is_not_given(self) -> None:
        """An empty text chooses nothing."""
        assert "default" == choose(option="", variable="", user="", machine="", default="/d").source


class TestParse:
    """What a typed path means."""

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("/srv/keys", "/srv/keys"),
            ("/srv//keys/", "/srv/keys"),
            ("keys", "/work/keys"),
            ("./keys", "/work/keys"),
            ("../keys", "/keys"),
            (".", "/work"),
            ("/", "/"),
            ("a b", "/work/a b"),
            (r"software\ipswitch\imail\ssl", "/etc/sslutil/software/ipswitch/imail/ssl"),
            (r"Software\Ipswitch\IMail\SSL", "/etc/sslutil/software/ipswitch/imail/ssl"),
            (r"\software\ipswitch\imail\ssl" + "\\", "/etc/sslutil/software/ipswitch/imail/ssl"),
            ("softwareipswitchimailssl", "/etc/sslutil/software/ipswitch/imail/ssl"),
            ("SoftwareIpswitchIMailSSL", "/etc/sslutil/software/ipswitch/imail/ssl"),
            (r"software\other", "/etc/sslutil/software/other"),
            ("software/ipswitch/imail/ssl", "/work/software/ipswitch/imail/ssl"),
            ("/srv/odd\\name", "/srv/odd\\name"),
        ],
    )
    def test_meaning(self, text: str, path: str) -> None:
        """A relative path is below the working directory; the original's spelling below the default place."""
        assert path == parse(text)

    @pytest.mark.parametrize(
        "text", ["", " ", "a\nb", "a\0b", "a\x7f", "\x1b[1m", r"C:\keys", r"..\keys", "\\", "\\\\"]
    )
    def test_refused(self, text: str) -> None:
        """What can't be a path here is refused, with a command that is one."""
        with pytest.raises(UsageError) as refused:
            parse(text)
        assert "sslutil registry-path /etc/sslutil" == refused.value.hint

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """Whatever is typed is refused, or becomes an absolute path without steps back that means itself."""
        try:
            path = parse(text)
        except UsageError:
            return
        assert path.startswith("/")
        assert path == posixpath.normpath(path)
        if "\\" not in path:
            assert path == parse_registry_path(path, working_directory="/other", default="/other")


class TestNames:
    """Folders, links and hidden names."""

    @given(st.integers(1, 10**12))
    def test_generation(self, number: int) -> None:
        """A number and its folder, and the link to it, say the same both ways."""
        assert number == parse_generation_name(generation_name(number))
        assert number == parse_generation_target(generation_target(number))

    @pytest.mark.parametrize(("number", "name"), [(1, "000001"), (999_999, "999999"), (1_000_000, "1000000")])
    def test_width(self, number: int, name: str) -> None:
        """Six digits, so that a listing is in order; more where they are needed."""
        assert (name, f"generations/{name}") == (generation_name(number), generation_target(number))

    @pytest.mark.parametrize(
        "name",
        ["", "1", "00001", "0000001", ".000001", "000001~", "00000a", "+00001", "\u0660" * 6, "000001\n", "-00001"],
    )
    def test_other_names(self, name: str) -> None:
        """Only the one spelling of a number is a generation: what an editor or a person put there is left alone."""
        assert parse_generation_name(name) is None
        assert parse_generation_target(f"generations/{name}") is None

    @pytest.mark.parametrize(
        "target",
        [
            "000001",
            "/etc/generations/000001",
            "../generations/000001",
            "./generations/000001",
            "generations/000001/",
            "generations//000001",
            "generations/../000001",
            "other/000001",
        ],
    )
    def test_other_targets(self, target: str) -> None:
        """A link that could lead anywhere else than below generations/ is none of ours."""
        assert parse_generation_target(target) is None

    def test_places(self) -> None:
        """A user's registry and choice have their names below the XDG folders; the waiting text is hidden."""
        assert "/home/a/.local/share/sslutil" == user_default("/home/a/.local/share")
        assert "/home/a/.config/sslutil/registry-path" == user_file("/home/a/.config")
        assert ".site.toml.7" == waiting_name(7)

    def test_names_are_single_steps(self) -> None:
        """Each name of a thing in the registry is one step, and no two things of a folder share one."""
        top = ("SITE", "CURRENT", "DEPLOYED", "GENERATIONS", "REQUESTS", "LOCK", "REFUSED_MARK")
        inner = ("SETTINGS", "KEY", "CERTIFICATE", "BUNDLE", "CLIENT_CA", "CLIENT_CRL", "RECORD", "SITE")
        for constants in (top, inner):
            names = {getattr(registry, constant) for constant in constants}
            assert len(names) == len(constants)
            assert not any("/" in name for name in names)
