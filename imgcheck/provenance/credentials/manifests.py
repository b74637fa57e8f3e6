"""The library's report, read with suspicion: every field of it comes out of the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 300  # characters kept of a name
_DEEPEST = "self#jumbf="


def text(value: Any) -> str | None:
    """Give a short text, or None where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)[:_LONGEST] or None


def mapping(value: Any) -> dict[str, Any]:
    """Give an object, an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Give a list, an empty one where there is none."""
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Status:
    """One word of a validation, and the box it is about."""

    code: str
    url: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Statuses:
    """What fits, what is told, what fails."""

    success: tuple[Status, ...] = ()
    told: tuple[Status, ...] = ()
    failure: tuple[Status, ...] = ()


def statuses(value: Any) -> Statuses:
    """Read a block of success, informational and failure codes."""
    block = mapping(value)
    return Statuses(*(tuple(_read(block.get(k))) for k in ("success", "informational", "failure")))


def _read(value: Any) -> Iterator[Status]:
    for item in items(value):
        code = text(mapping(item).get("code"))
        if code:
            url, words = mapping(item).get("url"), mapping(item).get("explanation")
            yield Status(code, (text(url) or ""), (text(words) or ""))


def plain(value: Any) -> tuple[Status, ...]:
    """Read a bare list of codes, as manifests of version 1 hold it."""
    return tuple(_read(value))


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest of the store."""

    label: str
    raw: dict[str, Any]

    @property
    def claim(self) -> dict[str, Any]:
        """Give the claim: what the signature covers."""
        return mapping(self.raw.get("claim"))

    @property
    def assertions(self) -> dict[str, Any]:
        """Give the assertions by their labels."""
        return mapping(self.raw.get("assertion_store"))

    def labelled(self, prefix: str) -> Iterator[tuple[str, Any]]:
        """Give the assertions whose label begins so, also ``.v3`` and ``__2`` of it."""
        for label, content in sorted(self.assertions.items()):
            if label == prefix or label.startswith((f"{prefix}.", f"{prefix}__")):
                yield label, content

    def claimed(self) -> tuple[str, ...]:
        """Give the labels of the assertions that the claim lists, present or not."""
        keys = ("assertions", "created_assertions", "gathered_assertions")
        urls = (mapping(i).get("url") for key in keys for i in items(self.claim.get(key)))
        return tuple(str(url).rsplit("/", 1)[-1] for url in urls if url)

    def uri(self, assertion: str) -> str:
        """Give the full address of an assertion."""
        return f"{_DEEPEST}/c2pa/{self.label}/c2pa.assertions/{assertion}"


@dataclass(frozen=True, slots=True)
class Store:
    """The whole report."""

    raw: dict[str, Any]

    @property
    def active(self) -> Manifest | None:
        """Give the manifest that speaks for the file."""
        return self.manifest(str(self.raw.get("active_manifest")))

    @property
    def labels(self) -> tuple[str, ...]:
        """Name every manifest."""
        return tuple(mapping(self.raw.get("manifests")))

    def manifest(self, label: str) -> Manifest | None:
        """Give a manifest by its label."""
        found = mapping(self.raw.get("manifests")).get(label)
        return Manifest(label, found) if isinstance(found, dict) else None

    @property
    def verdict(self) -> Statuses:
        """Give what was found of the active manifest."""
        return statuses(mapping(self.raw.get("validation_results")).get("activeManifest"))

    def seen_of(self, uri: str) -> Statuses:
        """Give what was newly found of an ingredient, by the address of its assertion."""
        results = mapping(self.raw.get("validation_results"))
        for item in items(results.get("ingredientDeltas")):
            if mapping(item).get("ingredientAssertionURI") == uri:
                return statuses(mapping(item).get("validationDeltas"))
        return Statuses()

    @property
    def new_of_ingredients(self) -> tuple[Status, ...]:
        """Give what fails of ingredients and was not yet known when the file was signed."""
        results = mapping(self.raw.get("validation_results"))
        blocks = (
            mapping(i).get("validationDeltas") for i in items(results.get("ingredientDeltas"))
        )
        return tuple(status for block in blocks for status in statuses(block).failure)

    @property
    def redacted(self) -> frozenset[str]:
        """Give the addresses of assertions that some claim says were taken out on purpose."""
        found: set[str] = set()
        for label in self.labels:
            manifest = self.manifest(label)
            if manifest is not None:
                found |= {str(u) for u in items(manifest.claim.get("redacted_assertions"))}
        return frozenset(found)


def label_in(url: Any) -> str | None:
    """Take the manifest's label out of an address such as ``self#jumbf=/c2pa/LABEL/…``."""
    if not isinstance(url, str):
        return None
    path = url.removeprefix(_DEEPEST).strip("/").split("/")
    if path[0] == "c2pa" and len(path) > 1:
        return path[1]
    return path[0] or None
