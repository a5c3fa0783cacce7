"""export pkcs12, pem, der: key and certificate in force, in the form that another program takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, RegistryError, SiteError, SslutilError, UsageError, command
from sslutil.files import judge_out, write_out
from sslutil.registry import BUNDLE, CURRENT, KEY
from sslutil.steps.answer import Answer
from sslutil.steps.material import Material, read_material
from sslutil.steps.passphrase import take_passphrase, warn_of_readers
from sslutil.steps.situation import look
from sslutil.steps.tell import pending_warning

if TYPE_CHECKING:
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

STDOUT = "-"


class Pkcs12Request(NamedTuple):
    """What was typed."""

    out: str
    legacy: bool = False
    friendly_name: str | None = None
    passphrase_file: str | None = None
    force: bool = False


class _Product(NamedTuple):
    """A file to write: its bytes, and whether a key is in it."""

    name: str
    content: bytes
    private: bool


def export_pkcs12(run: Run, request: Pkcs12Request) -> Answer:
    """Return key and chain as PKCS#12; where nobody says a passphrase, one is made, and shown this once."""
    from sslutil.pki.pkcs12 import make_passphrase, make_pkcs12

    situation, material = _open(run, needs_key=True)
    if request.out != STDOUT:
        judge_out(request.out, force=request.force)
    given = take_passphrase(run, request.passphrase_file, "Passphrase for the file, or enter for a new one", twice=True)
    made = "" if given else make_passphrase()
    site = situation.in_force.site.site if situation.in_force else None
    name = request.friendly_name or (site.names[0].unicode if site else "")
    passphrase = given or made.encode()
    content = make_pkcs12(
        material.key, material.chain, passphrase=passphrase, friendly_name=name, legacy=request.legacy
    )
    form = "legacy" if request.legacy else "modern"
    answer = _write(run, situation, request.out, _Product("PKCS#12", content, private=True), force=request.force)
    lines = (*answer.lines, ("Form", form), ("Friendly name", name), *((("Passphrase", made),) if made else ()))
    told = (f"the passphrase is {made}",) if made and request.out == STDOUT else ()
    warning = warn_of_readers(request.passphrase_file)
    once = ("the passphrase is kept nowhere: it is shown this once",) if made else ((warning,) if warning else ())
    remove = f"{command('rm', *answer.written)}  # once the other program has it: a key is in it"
    return answer._replace(
        lines=lines,
        warnings=(*answer.warnings, *told, *once),
        next=(remove,) if answer.written else (),
        fields={} if request.out == STDOUT else {"form": form, "friendly_name": name, "passphrase": made or None},
    )


def export_pem(run: Run, out: str, *, split: str | None, with_key: bool, force: bool) -> Answer:
    """Return leaf and chain as one text, or as certbot's four files in a folder."""
    from sslutil.pki.pkcs12 import split_chain

    situation, material = _open(run, needs_key=with_key or split is not None)
    if split is None:
        content = (material.key if with_key else b"") + material.chain
        product = _Product("key and chain" if with_key else "chain", content, private=with_key)
        return _write(run, situation, out, product, force=force)
    if out != STDOUT:
        message = "--out names one file and --split a folder of four: give one of the two"
        raise UsageError(message, run.command("export", "pem", "--split", split))
    leaf, others = split_chain(material.chain)
    return _write_all(
        run,
        situation,
        split,
        (
            _Product("cert.pem", leaf, private=False),
            _Product("chain.pem", others, private=False),
            _Product("fullchain.pem", material.chain, private=False),
            _Product("privkey.pem", material.key, private=True),
        ),
        force=force,
    )


def export_der(run: Run, out: str, *, key: bool, force: bool) -> Answer:
    """Return the leaf, or the key as PKCS#8, in DER."""
    from sslutil.pki.pkcs12 import make_der, make_der_key

    situation, material = _open(run, needs_key=key)
    content = make_der_key(material.key) if key else make_der(material.chain)
    product = _Product("key" if key else "certificate", content, private=key)
    answer = _write(run, situation, out, product, force=force)
    return answer if key else answer._replace(fields={"der": content.hex()})


def _open(run: Run, *, needs_key: bool) -> tuple[Situation, Material]:
    """Return what is in force; errors say what is missing, and whose account could read it."""
    situation = look(run)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to export"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    material = read_material(situation)
    if needs_key and not material.key:
        raise _tell_missing_key(run, situation)
    if not material.chain:
        message = f"no sound certificate is left in {run.path(CURRENT)}"
        raise MaterialError(message, run.command("certificate", "self-sign"))
    return situation, material


def _tell_missing_key(run: Run, situation: Situation) -> SslutilError:
    """Return why there is no key: it may not be read, or it is not as it was made."""
    if KEY in situation.files.keys() | set(situation.edited):
        message = f"no sound key is left in {run.path(CURRENT)}: {KEY} and {BUNDLE} were edited or removed"
        return MaterialError(message, run.command("certificate", "self-sign", "--new-key"))
    message = f"this account may not read the key in {run.path(CURRENT)}"
    return RegistryError(message).cured_by("root")


def _write(run: Run, situation: Situation, out: str, product: _Product, *, force: bool) -> Answer:
    if out == STDOUT:
        text = None if product.private or not product.content.startswith(b"-----") else product.content.decode()
        return Answer(
            f"{product.name} of generation {situation.number}",
            run.registry,
            generation=situation.number,
            warnings=pending_warning(run, situation),
            bare=text,
            raw=None if text else product.content,
            fields={"text": text} if text else {},
        )
    changed = write_out(out, product.content, force=force, private=product.private)
    path = os.path.abspath(out)
    told = f"wrote {out}: {product.name} of generation {situation.number}"
    return Answer(
        told if changed else f"nothing to do: {out} holds this already",
        run.registry,
        changed=changed,
        generation=situation.number,
        written=(path,) if changed else (),
        warnings=pending_warning(run, situation),
    )


def _write_all(run: Run, situation: Situation, folder: str, products: tuple[_Product, ...], *, force: bool) -> Answer:
    """Write several files into a folder that exists, each judged before the first is written."""
    if not os.path.isdir(folder):
        message = f"the folder {folder} does not exist"
        raise UsageError(message, command("mkdir", "-p", folder))
    targets = [(os.path.join(folder, product.name), product) for product in products]
    for path, product in targets:
        judge_out(path, force=force, content=product.content)
    written = [
        os.path.abspath(path)
        for path, product in targets
        if write_out(path, product.content, force=force, private=product.private)
    ]
    names = ", ".join(product.name for product in products)
    told = f"wrote {names} of generation {situation.number} into {folder}"
    return Answer(
        told if written else f"nothing to do: {folder} holds these already",
        run.registry,
        changed=bool(written),
        generation=situation.number,
        written=tuple(written),
        warnings=pending_warning(run, situation),
    )
