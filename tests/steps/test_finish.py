"""Reload, settle, deploy, undo: with real programs that accept or refuse, as the server of `Lab` does."""

from __future__ import annotations

import pytest

from sslutil import disk
from sslutil.documents.records import parse_generation, render_generation
from sslutil.host import accounts
from sslutil.steps.finish import OWED, UNDONE, Finish
from sslutil.store import generations as store
from tests.crash.scenarios import REFUSED_PORT, RENEW, UNDO, Lab
from tests.crash.soundness import files, numbers, text
from tests.steps.served import ACCEPTED, REFUSED, make_program, name_server, state


class TestAccepted:
    """Every server takes it."""

    def test_told_once(self, lab: Lab) -> None:
        """The server is told when the new generation is in force, once; then site.toml and `deployed` follow."""
        lab.done(*ACCEPTED)
        assert ["generations/000003 accepted"] == lab.reloads()
        assert (3, 3) == state(lab)
        assert b"https_port = 8444" in (text(lab.tree()) or b"")

    def test_not_told_again(self, lab: Lab) -> None:
        """Where nothing changes, no server is told anything."""
        lab.done(*ACCEPTED)
        lab.done(*ACCEPTED)
        assert 1 == len(lab.reloads())

    def test_each_in_turn(self, lab: Lab) -> None:
        """Several servers are told in the order of the site; after the first refusal no other one is."""
        told = lab.folder / "told"
        names = ["one", "two", "three"]
        for name in names:
            make_program(lab, name, f"echo {name} >>{told}; [ {name} != two ] || [ ! -e {lab.folder}/broken ]")
        name_server(lab, *([str(lab.folder / name)] for name in names))
        lab.done(*ACCEPTED)
        assert names == told.read_text().split()
        (lab.folder / "broken").touch()
        told.unlink()
        assert 9 == lab.call("disable").status
        assert ["one", "two"] * 3 == told.read_text().split(), "new, old, and new again: it was broken before"


class TestRefused:
    """A server does not take it, and takes what was before."""

    def test_undone(self, lab: Lab) -> None:
        """The former generation is in force again and the server is told so; site.toml was never touched."""
        before = lab.tree()
        result = lab.call(*REFUSED)
        assert 9 == result.status
        assert ["generations/000003 refused", "generations/000002 accepted"] == lab.reloads()
        assert (2, 2) == state(lab)
        after = lab.tree()
        assert before["site.toml"] == after["site.toml"]
        assert {2, 3} <= numbers(after), "what was refused can be looked at"

    def test_told_what_is_in_force(self, lab: Lab) -> None:
        """The sentence names the generation, the program, how it ended, what it printed, and what is in force."""
        sentence = lab.call(*REFUSED).stderr.splitlines()[0]
        assert f"a server refused generation 3 ({lab.server}: exit status 1, which" in sentence
        assert f": port {REFUSED_PORT} is taken); the one before is in force again" in sentence
        assert sentence.endswith("and site.toml is as it was")

    def test_next_change_is_free(self, lab: Lab) -> None:
        """A refusal leaves nothing behind that would hinder the next change."""
        assert 9 == lab.call(*REFUSED).status
        lab.done(*ACCEPTED)
        assert (4, 4) == state(lab)

    def test_save_meanwhile(self, lab: Lab) -> None:
        """What an editor saves while the server refuses stays, and is pending."""
        before = text(lab.tree()) or b""
        lab.server.rename(lab.folder / "real")
        make_program(lab, "server", f"echo '# saved' >>{lab.registry}/site.toml; exec {lab.folder}/real")
        assert 9 == lab.call(*REFUSED).status
        assert before + b"# saved\n" * 2 == text(lab.tree())
        assert (2, 2) == state(lab)

    def test_pruned_by_the_site_in_force(self, lab: Lab) -> None:
        """A refused site does not decide how many generations stay."""
        lab.done(*ACCEPTED)
        lab.edit("keep = 10", "keep = 1")
        lab.edit("https_port = 8444", f"https_port = {REFUSED_PORT}")
        assert 9 == lab.call("apply").status
        assert {1, 2, 3, 4} == numbers(lab.tree())


class TestBrokenBefore:
    """A server refuses the former generation too, so the change is not to blame."""

    @pytest.fixture
    def owed(self, lab: Lab) -> Lab:
        """A registry whose generation 3 is in force, and a server that refuses everything."""
        (lab.folder / "broken").touch()
        assert 9 == lab.call(*ACCEPTED).status
        return lab

    def test_stays(self, owed: Lab) -> None:
        """The new generation stays in force with its site.toml; its reload is owed, and no generation is deployed."""
        assert [f"generations/00000{number} refused" for number in (3, 2, 3)] == owed.reloads()
        assert (3, None) == state(owed)
        tree = owed.tree()
        assert files(tree, 3)["site.toml"].content == text(tree)

    def test_told_what_is_in_force(self, lab: Lab) -> None:
        """The sentence says that the generation is in force, and the hint is the command that tries again."""
        (lab.folder / "broken").touch()
        result = lab.call(*ACCEPTED)
        assert "generation 3 is in force all the same, its reload is owed" in result.stderr
        assert "hint: sslutil certificate renew" in result.stderr

    def test_recovers(self, lab: Lab) -> None:
        """A server that takes the new one when it is told again has accepted it, and nobody hears of the refusals."""
        lab.server.rename(lab.folder / "real")
        count = f"{lab.folder}/count"
        make_program(lab, "server", f"echo >>{count}; [ $(wc -l <{count}) -gt 2 ] && exec {lab.folder}/real")
        lab.done(*ACCEPTED)
        assert ["generations/000003 accepted"] == lab.reloads()
        assert (3, 3) == state(lab)

    @pytest.mark.parametrize("argv", [RENEW, ("apply",), ACCEPTED, ("csr",)], ids=" ".join)
    def test_tried_again(self, owed: Lab, argv: tuple[str, ...]) -> None:
        """Each later changing run tries it again, though it has nothing else to do: refused, then accepted."""
        owed.forget_reloads()
        assert 9 == owed.call(*argv).status
        assert ["generations/000003 refused"] == owed.reloads()
        owed.mend()
        owed.done(*argv)
        assert ["generations/000003 refused", "generations/000003 accepted"] == owed.reloads()
        assert (3, 3) == state(owed)
        assert numbers(owed.tree(), "requests") <= {1}, "the same wish twice is one request"

    def test_questions_tell_nobody(self, owed: Lab) -> None:
        """A question warns of what is owed, and tells no server."""
        owed.forget_reloads()
        assert "owed" in owed.call("status").stderr
        assert [] == owed.reloads()

    def test_nothing_to_go_back_to(self, owed: Lab) -> None:
        """Until a reload succeeds nothing is undone: a change that is refused stays in force too."""
        assert 9 == owed.call("disable").status
        assert (4, None) == state(owed)


class TestNoReload:
    """For image builds, where no server runs."""

    def test_owed(self, lab: Lab) -> None:
        """No server is told, the site is settled, and the reload is owed to the next run without the option."""
        lab.done(*ACCEPTED, "--no-reload")
        assert [] == lab.reloads()
        assert (3, None) == state(lab)
        assert b"https_port = 8444" in (text(lab.tree()) or b"")
        lab.done(*RENEW, "--no-reload")
        assert [] == lab.reloads()
        lab.done(*RENEW)
        assert ["generations/000003 accepted"] == lab.reloads()
        assert (3, 3) == state(lab)

    def test_undo_without_servers(self, lab: Lab) -> None:
        """An undo that was interrupted is ended all the same, and the reload of the former generation is owed."""
        begin_undo(lab)
        assert 9 == lab.call(*RENEW, "--no-reload").status
        assert [] == lab.reloads()
        assert (2, None) == state(lab)
        lab.done(*RENEW)
        assert (2, 2) == state(lab)


def begin_undo(lab: Lab) -> None:
    """Leave what a run leaves that was killed right after it had written the mark of an undo."""
    lab.clear()
    UNDO.prepare(lab)
    lab.forget_reloads()


class TestInterruptedUndo:
    """Killed between the mark and the end."""

    def test_ended(self, lab: Lab) -> None:
        """The next run goes back, tells the server, and says that one refused; the one after has nothing to do."""
        begin_undo(lab)
        assert "and its undo was interrupted" in lab.call("status").stderr
        result = lab.call(*RENEW)
        assert 9 == result.status
        assert "a server refused generation 3; the one before is in force again" in result.stderr
        assert ["generations/000002 accepted"] == lab.reloads()
        assert (2, 2) == state(lab)
        lab.done(*RENEW)

    def test_interrupted_without_servers(self, lab: Lab) -> None:
        """Where no generation is deployed any more, the one that the server accepts now is."""
        begin_undo(lab)
        (lab.registry / "current").unlink()
        (lab.registry / "deployed").rename(lab.registry / "current")
        assert 9 == lab.call(*RENEW).status
        assert ["generations/000002 accepted"] == lab.reloads()
        assert (2, 2) == state(lab)

    @pytest.mark.parametrize("broken", [True, False])
    def test_nothing_to_go_back_to(self, broken: bool, lab: Lab) -> None:  # noqa: FBT001
        """Killed after it was plain that both are refused, the new one stays in force, and is owed or accepted."""
        begin_undo(lab)
        (lab.registry / "deployed").unlink()
        make_program(lab, "server", f"exit {broken:d}")
        assert (9 if broken else 0) == lab.call(*RENEW).status
        assert (3, None if broken else 3) == state(lab)

    def test_broken_meanwhile(self, lab: Lab) -> None:
        """Where the server refuses the former one too by now, the refused one stays in force, and is owed."""
        begin_undo(lab)
        (lab.folder / "broken").touch()
        assert 9 == lab.call(*RENEW).status
        assert (3, None) == state(lab)
        tree = lab.tree()
        assert files(tree, 3)["site.toml"].content == text(tree)

    def test_damaged_mark(self, lab: Lab) -> None:
        """A mark that somebody wrote into is one sentence, and nothing is changed."""
        mark = lab.registry / ".refused"
        mark.write_text("three\n")
        before = lab.tree()
        result = lab.call("apply")
        assert 4 == result.status
        assert f"{mark} is damaged" in result.stderr
        assert before == lab.tree()


@pytest.mark.parametrize(("withdraws", "end"), [(True, (OWED, 3, None)), (False, (UNDONE, 2, 2))])
def test_what_withdraws_is_never_undone(withdraws: bool, end: tuple[str, int, int | None], lab: Lab) -> None:  # noqa: FBT001
    """A refused generation that takes something back stays in force; any other one is undone."""
    folder = lab.registry / "generations" / "000002"
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    record = parse_generation(content.pop("generation.toml"), "a path")._replace(number=3, withdraws=withdraws)
    content["settings.toml"] = content["settings.toml"].replace(b"443", str(REFUSED_PORT).encode())
    content["generation.toml"] = render_generation(record).encode()
    with disk.open_folder(str(lab.registry)) as root:
        store.stage(root, 3, [disk.File(name, each) for name, each in content.items()], None)
        store.flip(root, "current", 3)
        outcome = Finish(root, accounts.owners(), reload=True).run()
    assert end == (outcome.state, *state(lab))
