"""The one place that imports c2pa-python. Bytes in, plain JSON out, no network."""

import importlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
class Report:
    """The library's report of a manifest store.

    ``certificates`` are the certificate facts by manifest label; ``substore`` returns the bytes
    of a manifest with all it rests on, by its label.
    """

    store: dict[str, Any]
    certificates: dict[str, dict[str, Any]]
    remote_url: str | None
    substore: Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class NoReport:
    """The library gives no report of what it found, for this reason."""

    reason: str


def missing() -> str | None:
    """Return why nothing can be validated, or None where the library loads."""
    try:
        importlib.import_module("c2pa")
    except Exception as error:  # a broken binary may raise anything while it loads
        if isinstance(error, ModuleNotFoundError) and error.name == "c2pa":
            return INSTALL
        return f"c2pa-python cannot be loaded ({type(error).__name__}); {INSTALL} again"
    return None


def version() -> str | None:
    """Return the library and its engine; results for old files differ between versions."""
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
    """Return the library's settings: offline, and the user's lists as the only anchors."""
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
            self._refused = f"the C2PA library rejects the trust list: {error}"[:500]

    def read(
        self, data: bytes, *, format: str, manifest: bytes | None = None
    ) -> Report | NoReport | None:
        """Validate a file, or a manifest store against any file; None: it finds no manifest."""
        if self._refused is not None:
            return NoReport(self._refused)
        media = MEDIA_TYPES.get(format, "application/octet-stream")
        try:
            reader = self._c2pa.Reader.try_create(
                media, io.BytesIO(data), manifest, context=self._context
            )
            return None if reader is None else self._report(reader)
        except (self._c2pa.C2paError, ValueError, RecursionError, OSError) as error:
            words = f"{error}"[:500] or type(error).__name__
            return NoReport(f"the C2PA library could not read it: {words}")

    def _report(self, reader: Any) -> Report | NoReport:
        detailed = reader.detailed_json()
        if len(detailed) > _MOST_JSON:
            return NoReport("the report of the manifest store is too large")
        store = json.loads(detailed)
        if not isinstance(store, dict):
            return NoReport("the C2PA library returned no report")

        def substore(label: str) -> bytes | None:
            stream = io.BytesIO()
            try:
                reader.resource_to_stream(label, stream)
            except (self._c2pa.C2paError, ValueError, OSError):
                return None
            return stream.getvalue()

        return Report(
            store=store, certificates=_certificates(reader.crjson()),
            remote_url=reader.get_remote_url(), substore=substore,
        )  # fmt: skip


def _certificates(text: str) -> dict[str, dict[str, Any]]:
    found = json.loads(text).get("manifests")
    if not isinstance(found, list):
        return {}
    return {
        str(item.get("label")): item["signature"]
        for item in found
        if isinstance(item, dict) and isinstance(item.get("signature"), dict)
    }
