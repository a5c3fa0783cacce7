"""A provisioning tool and sslutil: the playbook of the how-to, run by ansible-core on a machine of its own.

Every day the how-to itself is run (test_blocks.py): changed, unchanged, check mode. Here is the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.pages import blocks
from tests.docs.sandbox import Step, play

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/provisioning.md"
RUN = "ansible-playbook --inventory localhost, --connection local"
LOOK = "find /etc/sslutil -printf '%p %l %m %T@ ' -exec sha256sum {} \\; 2>/dev/null | sort"
"""Every file, link, mode, time and byte of the registry."""
RECAP = re.compile(r"changed=(\d+) .*failed=(\d+)")


def playbook() -> str:
    """Return the playbook that the how-to shows."""
    (found,) = [block.text for block in blocks() if block.page == PAGE and block.file.endswith(".yml")]
    return found


TYPED = {
    "look before": LOOK,
    "check of nothing": f"{RUN} --check mail.yml",
    "look after check of nothing": LOOK,
    "first": f"{RUN} mail.yml",
    "look after first": LOOK,
    "second": f"{RUN} mail.yml",
    "look after second": LOOK,
    "check of a wish": f"{RUN} --check --extra-vars plain_http=closed mail.yml",
    "look after check of a wish": LOOK,
    "wish": f"{RUN} --extra-vars plain_http=closed mail.yml",
    "look after wish": LOOK,
    "edit": "echo edited >/etc/sslutil/current/apache.conf",
    "look before check of an edit": LOOK,
    "check of an edit": f"{RUN} --check --extra-vars plain_http=closed mail.yml",
    "look after check of an edit": LOOK,
    "dropped": f"""{RUN} --extra-vars '{{"names": ["other.example.org"]}}' mail.yml""",
    "in force": "readlink /etc/sslutil/current",
}
"""The playbook in every way, with a look at the registry between."""
SAID = {
    "check of nothing": (2, 0, "skipping"),
    "first": (3, 0, "changed"),
    "second": (0, 0, "ok"),
    "check of a wish": (1, 0, "skipping"),
    "wish": (2, 0, "changed"),
    "check of an edit": (1, 0, "changed"),
    "dropped": (1, 1, "fatal"),
}
"""How many tasks changed something, how many failed, and what is said of the one that runs sslutil."""
EQUAL = (
    ("look before", "look after check of nothing"),
    ("look after first", "look after second"),
    ("look after second", "look after check of a wish"),
    ("look before check of an edit", "look after check of an edit"),
)
DIFFERENT = (
    ("look before", "look after first"),
    ("look after check of a wish", "look after wish"),
    ("look after wish", "look before check of an edit"),
)


def said(output: str) -> tuple[int, int, str]:
    """Return what Ansible said, in the order of SAID."""
    found = RECAP.search(output)
    assert found, output
    task = re.search(r"^(ok|changed|skipping|fatal): ", output.partition("TASK [Take it in]")[2], re.MULTILINE)
    assert task, output
    return int(found[1]), int(found[2]), task[1]


def test_ansible_says_what_changes_and_check_mode_changes_nothing(tmp_path: Path) -> None:
    """A first run changes, a second does not, check mode tells without changing a byte, a dropped name is refused."""
    steps = [Step("playbook", playbook(), file="mail.yml")]
    steps += [Step(name, f"{line}\n") for name, line in TYPED.items()]
    outputs = {done.step.place: done.output for done in play(steps, tmp_path)}
    assert SAID == {name: said(outputs[name]) for name in SAID}
    assert [] == [pair for pair in EQUAL if outputs[pair[0]] != outputs[pair[1]]]
    assert [] == [pair for pair in DIFFERENT if outputs[pair[0]] == outputs[pair[1]]]
    assert "no longer be covered" in outputs["dropped"]
    assert "generations/000002" == outputs["in force"].strip()


STATUSES = """
registry=/etc/sslutil
mkdir $registry && printf 'version = 1\\n[site]\\nnames = ["mail.example.org"]\\n' >$registry/site.toml
for options in --dry-run '' --dry-run ''; do
  sslutil apply --detailed-exitcode $options >/dev/null 2>&1 || printf '%s ' $?
  printf '%s ' "$(ls $registry | wc -l)"
done
sslutil apply >/dev/null 2>&1; printf '%s ' $?
printf 'plain_http = "redirect"\\n' >>$registry/site.toml
sslutil apply --dry-run >/dev/null 2>&1; printf '%s ' $?
sslutil apply >/dev/null 2>&1; printf '%s\\n' $?
"""


def test_status_10_is_said_only_when_asked_for(tmp_path: Path) -> None:
    """With --detailed-exitcode 10 tells of a change, made or due, and 0 of none; without it a change is 0 as well."""
    (done,) = play([Step("statuses", STATUSES)], tmp_path)
    assert "10 1 10 4 4 4 0 0 0" == done.output.strip()
