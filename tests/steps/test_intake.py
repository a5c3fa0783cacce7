"""Files, folders and stdin, read and taken apart together, each thing once; what holds nothing is told by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, UsageError
from sslutil.registry import Choice
from sslutil.steps.intake import LARGEST, read_intake, read_intake_bytes
from sslutil.steps.run import Run
from tests.pki.intake.made import PASSPHRASE, archive, chain, ders, issuer, leaf, pair, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[bytes], Run]:
    """Make a run that has something on stdin."""
    from datetime import UTC, datetime

    from sslutil.host.accounts import owners

    def make(stdin: bytes = b"") -> Run:
        choice = Choice(str(tmp_path / "registry"), "option", "")
        return Run(choice, "certificate import", lambda: datetime.now(UTC), owners(), read_stdin=lambda _: stdin)

    return make


@pytest.fixture
def run(make_run: Callable[[bytes], Run]) -> Run:
    """A run with nothing on stdin."""
    return make_run(b"")


def write(folder: Path, **files: bytes) -> list[str]:
    """Write files, named with _ for the dot; return their paths."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return [str(folder / name.replace("_", ".")) for name in files]


class TestFiles:
    """What is named one by one."""

    def test_several(self, run: Run, tmp_path: Path) -> None:
        """Several files give what they hold together, each thing once, with its file as its place."""
        paths = write(
            tmp_path, a_crt=leaf().pem, b_zip=zipped({"ca": issuer().pem, "x": leaf().der}), k_pem=leaf().key_pem
        )
        intake = read_intake(run, paths)

        assert chain() == ders(intake)
        assert [paths[0], f"{paths[1]}: ca"] == [piece.place for piece in intake.certificates]
        assert [paths[2]] == [piece.place for piece in intake.keys]

    def test_stdin(self, make_run: Callable[[bytes], Run], tmp_path: Path) -> None:
        """- is stdin, among others too."""
        paths = write(tmp_path, a_crt=leaf().pem)
        intake = read_intake(make_run(issuer().pem), [*paths, "-"])

        assert [paths[0], "stdin"] == [piece.place for piece in intake.certificates]

    def test_nothing_in_one(self, run: Run, tmp_path: Path) -> None:
        """A file among others that holds nothing is named; the others are taken."""
        paths = write(tmp_path, a_crt=pair(), b_pdf=b"%PDF-1.4")

        assert (f"{paths[1]} holds nothing of use: it is a PDF",) == read_intake(run, paths).skipped

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "it is empty"),
            (b"Hello", "it is plain text"),
            (b"<html>Log in", "it is a page in HTML"),
            (leaf().pem[:300], '1 PEM block "CERTIFICATE" is cut short'),
        ],
        ids=["empty", "text", "page", "cut"],
    )
    def test_nothing(self, run: Run, tmp_path: Path, content: bytes, told: str) -> None:
        """A file that holds nothing is refused, with what it looks like and a command that looks at it."""
        (path,) = write(tmp_path, x=content)
        with pytest.raises(MaterialError) as refused:
            read_intake(run, [path])
        assert f"{path} holds no certificate, request or key that sslutil knows: {told}" == refused.value.message
        assert f"file {path}" == refused.value.hint

    def test_nothing_in_several(self, run: Run, tmp_path: Path) -> None:
        """Several that hold nothing are refused with what each looks like."""
        paths = write(tmp_path, x=b"", y=b"Hello")
        with pytest.raises(MaterialError, match=r"is in .*/x, .*/y: .*/x holds nothing .* empty; .*/y .* plain text$"):
            read_intake(run, paths)

    def test_encrypted(self, run: Run, tmp_path: Path) -> None:
        """What waits for a passphrase is no fault; with the passphrase it is taken."""
        paths = write(tmp_path, x_pfx=archive(passphrase=PASSPHRASE))

        assert tuple(paths) == read_intake(run, paths).encrypted
        assert chain() == ders(read_intake(run, paths, passphrases=[PASSPHRASE]))

    def test_large(self, run: Run, tmp_path: Path) -> None:
        """A file that is larger than any answer is refused before it is read, several that are so together too."""
        large = write(tmp_path, a=pair() + b"\n" * LARGEST)
        with pytest.raises(MaterialError, match=r"/a is larger than 4 MiB$"):
            read_intake(run, large)
        several = write(tmp_path, **dict.fromkeys("bcd", b"\n" * LARGEST))
        with pytest.raises(MaterialError, match=r"together$"):
            read_intake(run, several)

    def test_unreadable(self, run: Run, tmp_path: Path) -> None:
        """A file that is not there is told."""
        with pytest.raises(MaterialError, match=r"^can't read .*/nothing: no such file"):
            read_intake(run, [f"{tmp_path}/nothing"])

    def test_bytes(self) -> None:
        """Bytes that came from elsewhere are taken as files are, and refused as they are."""
        assert chain() == ders(read_intake_bytes(pair(), "http://ca.example/x"))
        with pytest.raises(MaterialError, match=r"^http://ca.example/x holds no certificate"):
            read_intake_bytes(b"404", "http://ca.example/x")


class TestFolder:
    """A folder that another program keeps its certificate in."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """An empty folder."""
        made = tmp_path / "folder"
        made.mkdir()
        return made

    def test_certbot(self, run: Run, folder: Path, tmp_path: Path) -> None:
        """A lineage of certbot's, links into its archive, without what lies beside."""
        (tmp_path / "archive").mkdir()
        contents = {"cert": leaf().pem, "chain": issuer().pem, "fullchain": pair(), "privkey": leaf().key_pem}
        for name, content in contents.items():
            (tmp_path / "archive" / f"{name}7.pem").write_bytes(content)
            (folder / f"{name}.pem").symlink_to(f"../archive/{name}7.pem")
        (folder / "README").write_text("This directory contains your keys", encoding="utf-8")
        intake = read_intake(run, [str(folder)])

        assert (chain(), [f"{folder}/privkey.pem"], ()) == (
            ders(intake),
            [piece.place for piece in intake.keys],
            intake.skipped,
        )

    @pytest.mark.parametrize("issuers", ["m.issuer.crt", "ca.cer"], ids=["lego", "acme.sh"])
    def test_others(self, run: Run, folder: Path, issuers: str) -> None:
        """A folder of lego's or acme.sh's with one certificate."""
        ending = issuers[-4:]
        write(folder, **{f"m_{ending[1:]}": leaf().pem, "m_key": leaf().key_pem, "m_json": b"{}"})
        (folder / issuers).write_bytes(issuer().pem)
        intake = read_intake(run, [str(folder)])

        assert (chain(), 1, ()) == (ders(intake), len(intake.keys), intake.skipped)

    def test_several(self, run: Run, folder: Path) -> None:
        """A folder of several certificates is refused with their names."""
        write(folder, a_crt=leaf().pem, a_key=leaf().key_pem, b_crt=issuer().pem, b_key=issuer().key_pem)
        with pytest.raises(UsageError, match=r"is a folder with 2 certificates: name one$") as refused:
            read_intake(run, [str(folder)])
        assert (f"{folder}/a.crt", f"{folder}/b.crt") == refused.value.near

    def test_other(self, run: Run, folder: Path) -> None:
        """A folder of anything else is refused: nobody says what in it is meant."""
        write(folder, a_crt=leaf().pem)
        with pytest.raises(UsageError, match=r"is a folder, and neither certbot's"):
            read_intake(run, [str(folder)])
