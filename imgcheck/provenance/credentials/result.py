"""What is known of a file's content credentials: plain data, one axis a field.

Integrity, signer, time and ingredients are separate questions. An untrusted signer says nothing
against the bytes; whole bytes say nothing for the signer; neither says that the scene is true.
"""

from dataclasses import dataclass
from typing import Literal

#: ``intact``: signature, assertions and content hash fit. ``broken``: one of them does not.
#: ``disputed``: signature and content hash fit, but the library refuses the manifest.
#: ``unreadable``: there is a manifest, and no answer. ``not validated``: no library to ask.
Integrity = Literal["intact", "broken", "disputed", "unreadable", "not validated"]

#: Of an ingredient: ``disputed`` breaks a rule of the standard while signature and hashes fit;
#: ``missing``: its manifest is named but not there; ``no credentials``: it came without;
#: ``not walked``: beyond the limits, never to be read as clean.
IngredientState = Literal[
    "intact", "broken", "disputed", "missing", "unreadable", "no credentials", "not walked"
]

Trust = Literal["trusted", "untrusted", "expired", "invalid", "revoked", "no trust list"]

#: ``accepted unlisted``: the stamp fits, but the library takes the authority of an old claim
#: (C2PA 1.x) on its word, whatever the list says. ``not tested``: the stamp does not fit anyway.
TimeTrust = Literal["trusted", "untrusted", "accepted unlisted", "no trust list", "not tested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed, as the certificate in the file says.

    ``fits`` tells whether the signature is that of this certificate; where it is not, the name
    says nothing. ``trust`` is about the certificate alone. ``revocation`` is ``unchecked offline``
    unless an answer of the authority is stapled to the signature. ``codes`` are the library's
    words about both.
    """

    common_name: str | None
    organisation: str | None
    issuer: str | None
    algorithm: str | None
    valid_from: str | None
    valid_until: str | None
    fits: bool
    trust: Trust
    revocation: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The time stamp of a signature: when an authority saw it, not when the picture was taken."""

    time: str | None
    authority: str | None
    fits: bool
    trust: TimeTrust
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One ingredient, validated anew on its own.

    Attributes
    ----------
    path : tuple of str
        Titles from the file down to this ingredient, made-up ones where the file gives none.
    relation : str
        ``parentOf``, ``componentOf``, ``inputTo``, or what the file writes.
    codes : tuple of str
        What fails now, signature and assertions; its own picture is not here to be hashed.
    recorded : tuple of str
        What the program that took it in wrote down as failing. It is part of the signed
        statement of that program, and the only witness of a wrong content hash.
    """

    path: tuple[str, ...]
    relation: str
    manifest: str | None
    state: IngredientState
    codes: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    signer: Signer | None = None
    time: Stamp | None = None

    @property
    def sentence(self) -> str:
        """Say where it stands and what is wrong, in one line."""
        where = " of ".join(reversed(self.path))
        why = ", ".join(dict.fromkeys((*self.codes, *(f"{c} (recorded)" for c in self.recorded))))
        return f"ingredient {where}: {self.state}" + (f" ({why})" if why else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsidePart:
    """A run of the file that the content hash leaves out, and what lies there."""

    offset: int
    length: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideHash:
    """What the content hash does not cover.

    Attributes
    ----------
    method : str or None
        ``data``, ``boxes``, ``bmff``; None where no hash of the content was found.
    ranges : tuple of OutsidePart
        For ``data``: the excluded bytes. What holds the manifest itself is always among them.
    rules : tuple of str
        For ``bmff`` and ``boxes``: the excluded boxes by their names in the assertion.
    exif, xmp, picture : bool or None
        Whether the file's EXIF, its XMP, or any of its compressed pixels lie outside; None where
        there are none or it is unknown.
    """

    method: str | None
    ranges: tuple[OutsidePart, ...] = ()
    rules: tuple[str, ...] = ()
    exif: bool | None = None
    xmp: bool | None = None
    picture: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step that the signer says was taken."""

    action: str
    when: str | None = None
    software: str | None = None
    source_type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A time or position that is signed, beside what the file's own tags say.

    ``agreement`` is ``agrees``, ``differs``, ``not comparable`` (a zone is missing on one side)
    or ``unsigned only``/``signed only``. ``difference`` is in degrees or seconds.
    """

    what: Literal["position", "time"]
    source: str
    signed: str | None
    unsigned: str | None
    agreement: str
    difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A CAWG identity assertion: a statement of its own, with a signature and trust of its own."""

    label: str
    state: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The content credentials (C2PA) of one file. ``present`` False proves nothing.

    Attributes
    ----------
    places : tuple of (offset, length)
        Where imgcheck itself sees a manifest store.
    reason : str or None
        Why there is no answer, or what is odd about it, in one sentence.
    codes : tuple of str
        What fails of the active manifest, certificates and ingredients left out.
    whole_without_trailer : bool
        The content hash fails, and fits once the bytes after the picture's end are cut off:
        something was appended, the picture is as signed.
    confirmed : tuple of str
        What the library reports as fitting (signature, hashes of the content), for the record.
    ingredients : tuple of Ingredient or None
        Every one, in the order of the walk; None where nothing could be walked.
    unnamed : tuple of str
        Labels of manifests that lie in the store and that no ingredient names: not validated.
    trust_list : str
        SHA-256 and date of the list of trusted signers, or ``no trust list``.
    library : str or None
        Version of what validated; answers on old files differ between versions.
    """

    present: bool
    integrity: Integrity | None = None
    places: tuple[tuple[int, int], ...] = ()
    reason: str | None = None
    codes: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    whole_without_trailer: bool = False
    title: str | None = None
    generator: str | None = None
    signer: Signer | None = None
    time: Stamp | None = None
    ingredients: tuple[Ingredient, ...] | None = None
    unnamed: tuple[str, ...] = ()
    outside_hash: OutsideHash | None = None
    statements: tuple[SignedStatement, ...] = ()
    actions: tuple[Action, ...] = ()
    source_types: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    remote_url: str | None = None
    trust_list: str = "no trust list"
    library: str | None = None

    @property
    def broken_ingredients(self) -> tuple[Ingredient, ...]:
        """Give the ingredients that are not whole; one that could not be walked counts."""
        whole = ("intact", "no credentials")
        return tuple(i for i in self.ingredients or () if i.state not in whole)
