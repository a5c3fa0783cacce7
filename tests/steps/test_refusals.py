"""What counts as a refusal, who may name a reload program, and what is pruned after all that."""

from __future__ import annotations

from functools import partial

import pytest

from sslutil.host import programs
from tests.crash.scenarios import REFUSED_PORT, RENEW, Lab
from tests.crash.soundness import files, numbers
from tests.steps.served import ACCEPTED, REFUSED, make_program, state


class TestWaysToRefuse:
    """Whatever is not a quick end with status 0 is a refusal."""

    def test_no_answer(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who does not answer in time for the new generation has refused it."""
        monkeypatch.setattr(programs, "run_program", partial(programs.run_program, seconds=0.3))
        make_program(
            lab, "server", f"! grep -q {REFUSED_PORT} {lab.registry}/current/settings.toml || exec tail -f {lab.server}"
        )
        result = lab.call(*REFUSED)
        assert 9 == result.status
        assert f"({lab.server}: no answer in 0.3 s" in result.stderr
        assert (2, 2) == state(lab)

    def test_no_program(self, lab: Lab) -> None:
        """A program that is not there refuses everything: the change stays, and the answer names the program."""
        lab.server.unlink()
        result = lab.call(*ACCEPTED)
        assert 9 == result.status
        assert f"({lab.server}: it can't be started: no such file or directory)" in result.stderr
        assert (3, None) == state(lab)

    def test_no_program_any_more(self, lab: Lab) -> None:
        """A site that names a program which is not there is undone, for the former site's own program accepts."""
        lab.edit(str(lab.server), f"{lab.server}-misspelt")
        result = lab.call("apply")
        assert 9 == result.status
        assert "no such file or directory" in result.stderr
        assert (2, 2) == state(lab)

    def test_long_and_strange_output(self, lab: Lab) -> None:
        """What it printed is told in one line, its end only, and nothing in it reaches a terminal as a command."""
        make_program(lab, "server", "printf 'x%.0s' $(seq 5000); printf '\\033[31mred\\n\\nend'; exit 1")
        result = lab.call(*ACCEPTED)
        sentence = result.stderr.splitlines()[0]
        assert "xxx\\x1b[31mred end)" in sentence
        assert "\033" not in result.stderr
        assert len(sentence) < 1000


class TestWhoMayName:
    """A reload program runs as root: only root or the owner may have named it."""

    @pytest.mark.parametrize("mode", [0o646, 0o666])
    def test_site_that_others_write(self, mode: int, lab: Lab) -> None:
        """A site.toml that others can write is refused with the command that helps, and no server is told anything."""
        site = lab.registry / "site.toml"
        lab.edit("https_port = 443", "https_port = 8444")
        site.chmod(mode)
        result = lab.call("apply")
        assert 3 == result.status
        assert f"chmod go-w {site}" in result.stderr
        assert [] == lab.reloads()
        assert (2, 2) == state(lab)
        site.chmod(0o644)
        lab.done("apply")
        assert ["generations/000003 accepted"] == lab.reloads()

    def test_sealed_site_that_others_write(self, lab: Lab) -> None:
        """The same holds for the copy in the generation, from which the programs are read."""
        lab.done(*ACCEPTED, "--no-reload")
        sealed = lab.registry / "generations" / "000003" / "site.toml"
        sealed.chmod(0o666)
        result = lab.call(*RENEW)
        assert 4 == result.status
        assert f"chmod go-w {sealed}" in result.stderr
        assert [] == lab.reloads()
        sealed.chmod(0o644)
        lab.done(*RENEW)
        assert ["generations/000003 accepted"] == lab.reloads()

    def test_order_beside_such_a_site(self, lab: Lab) -> None:
        """An order goes on from the sealed site, and warns: a site that is open to others never slips in with it."""
        lab.edit("https_port = 443", "https_port = 8444")
        (lab.registry / "site.toml").chmod(0o666)
        result = lab.call(*RENEW, "--force")
        assert 0 == result.status
        assert "can be written by others" in result.stderr
        assert b"https_port = 443" in files(lab.tree(), 3)["settings.toml"].content


class TestPruned:
    """Old generations go, at the end."""

    @pytest.mark.parametrize("keep", [1, 2, 3])
    def test_kept(self, keep: int, lab: Lab) -> None:
        """So many stay as the site says, and always the one in force and the one before it."""
        lab.edit("keep = 10", f"keep = {keep}")
        lab.done("apply")
        for _ in range(3):
            lab.done(*RENEW, "--force")
        assert set(range(7 - max(keep, 2), 7)) == numbers(lab.tree())
        assert (6, 6) == state(lab)

    def test_refused_again_and_again(self, lab: Lab) -> None:
        """Refusals don't pile up, and never cost the generation in force, the one before it, or the highest number."""
        lab.edit("keep = 10", "keep = 1")
        lab.done("apply")
        for _ in range(3):
            assert 9 == lab.call(*REFUSED).status
        assert {2, 3, 6} == numbers(lab.tree())
        assert (3, 3) == state(lab)

    def test_owed(self, lab: Lab) -> None:
        """While reloads are owed the same are kept, and the number in force goes on."""
        lab.edit("keep = 10", "keep = 1")
        lab.done("apply")
        (lab.folder / "broken").touch()
        for port in ("8444", "8445"):
            assert 9 == lab.call("configure", "ports", "--https-port", port).status
        assert {4, 5} == numbers(lab.tree())
        assert (5, None) == state(lab)
