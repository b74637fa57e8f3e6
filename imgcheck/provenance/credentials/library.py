"""The one place that imports c2pa-python. Bytes in, plain JSON out, no network."""

import importlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imgcheck.provenance.credentials.trust import TrustList

INSTALL = "install imgcheck[c2pa]"
MEDIA_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "tiff": "image/tiff", "webp": "image/webp",
    "gif": "image/gif", "heif": "image/heif", "avif": "image/avif", "jp2": "image/jp2",
}  # fmt: skip
#: An empty list of hosts bars every request of the library, of whatever kind; the two switches
#: bar the ones that are known (measured by hand with strace: no socket is opened).
OFFLINE: Mapping[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
    "core": {"allowed_network_hosts": []},
}
_KINDS = {"signers": "manifest", "time-stamps": "tsa", "identities": "cawg"}
_MOST_JSON = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the library says. Exactly one of ``store`` and ``error`` is given, or neither.

    ``store`` is the detailed report, ``certificates`` the certificate facts by manifest label;
    neither one means that the library finds no manifest.
    ``substore`` gives the bytes of a manifest with all it rests on, by its label.
    """

    store: dict[str, Any] | None = None
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    remote_url: str | None = None
    error: str | None = None
    substore: Callable[[str], bytes | None] | None = None


def missing() -> str | None:
    """Say why nothing can be validated, or None where the library loads."""
    try:
        importlib.import_module("c2pa")
    except Exception as error:  # a broken binary may raise anything while it loads
        if isinstance(error, ModuleNotFoundError) and error.name == "c2pa":
            return INSTALL
        return f"c2pa-python cannot be loaded ({type(error).__name__}); {INSTALL} again"
    return None


def version() -> str | None:
    """Name the library and its engine; verdicts on old files differ between versions."""
    if missing() is not None:
        return None
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    import c2pa

    try:
        return f"c2pa-python {installed('c2pa-python')} (c2pa-rs {c2pa.sdk_version()})"
    except PackageNotFoundError:
        return f"c2pa-rs {c2pa.sdk_version()}"


def settings(trust: TrustList) -> dict[str, Any]:
    """Give the library's settings: offline, and the user's lists as the only anchors."""
    anchors = [
        {
            "trust_kind": _KINDS[bundle.purpose],
            "trust_anchors": bundle.pem,
            "trust_uri": f"urn:sha256:{bundle.sha256}",
        }
        for bundle in trust.bundles
    ]
    return {"version": 1, **OFFLINE, "trust": {"anchors": anchors}}


class Library:
    """An open library with one set of trusted certificates."""

    def __init__(self, trust: TrustList) -> None:
        import c2pa

        self._c2pa = c2pa
        self._refused: str | None = None
        try:
            self._context = c2pa.Context(c2pa.Settings.from_dict(settings(trust)))
        except c2pa.C2paError as error:
            self._refused = f"the library refuses the trust list: {error}"[:500]

    def read(self, data: bytes, *, format: str, manifest: bytes | None = None) -> Answer:
        """Validate a file, or a manifest store against a file that it need not belong to.

        Notes
        -----
        Every complaint of the library becomes ``error``; it raises on files it cannot parse.
        """
        if self._refused is not None:
            return Answer(error=self._refused)
        media = MEDIA_TYPES.get(format, "application/octet-stream")
        try:
            reader = self._c2pa.Reader.try_create(
                media, io.BytesIO(data), manifest, context=self._context
            )
            if reader is None:
                return Answer()
            return self._answer(reader)
        except (self._c2pa.C2paError, ValueError, RecursionError, OSError) as error:
            words = f"{error}"[:500] or type(error).__name__
            return Answer(error=f"the library could not read it: {words}")

    def _answer(self, reader: Any) -> Answer:
        detailed = reader.detailed_json()
        if len(detailed) > _MOST_JSON:
            return Answer(error="the report of the manifest store is too large")
        store = json.loads(detailed)
        if not isinstance(store, dict):
            return Answer(error="the library gave no report")
        return Answer(
            store=store,
            certificates=_certificates(reader.crjson()),
            remote_url=reader.get_remote_url(),
            substore=self._substore(reader),
        )

    def _substore(self, reader: Any) -> Callable[[str], bytes | None]:
        """Give a function from a manifest's label to the bytes of a store that ends with it."""

        def substore(label: str) -> bytes | None:
            stream = io.BytesIO()
            try:
                reader.resource_to_stream(label, stream)
            except (self._c2pa.C2paError, ValueError, OSError):
                return None
            return stream.getvalue()

        return substore


def _certificates(text: str) -> dict[str, dict[str, Any]]:
    """Take certificate and time stamp of each manifest out of the library's other report."""
    found = json.loads(text).get("manifests")
    if not isinstance(found, list):
        return {}
    return {
        str(item.get("label")): item["signature"]
        for item in found
        if isinstance(item, dict) and isinstance(item.get("signature"), dict)
    }
