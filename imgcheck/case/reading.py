"""The reading of one file: every reader of `provenance` and `forensics` applied once."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from imgcheck import forensics, provenance
from imgcheck.case.trust import imported_trust
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image, containers
from imgcheck.imaging.reduced import jpeg_view
from imgcheck.imaging.text import printable
from imgcheck.model.documents import InspectDocument

_DEEPEST_NODE = 6

_PICTURE_PX, _EMBEDDED_PX = 900, 320
_MOST_VIEWS = 8  # the first frames of a burst are enough
_MOST_VIEW_PIXELS = 4_000_000  # larger previews are listed, not shown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspection:
    """What one file is, how it was saved, and every tag in it.

    Attributes
    ----------
    traces, route : marks of platforms, and the steps that the file records.
    rules : tuple of RuleResult
        Whether the file's fields agree with each other.
    embedded : tuple of EmbeddedComparison
        Every picture inside the file, compared with the main one.
    second, disagreements : the result of a second reader, if one was given.
    """

    image: Image
    structure: containers.Structure
    encoding: forensics.Encoding | None
    metadata: provenance.Metadata
    traces: tuple[provenance.Trace, ...]
    route: tuple[provenance.Step, ...]
    credentials: provenance.Credentials
    fbmd: provenance.Fbmd | None
    rules: tuple[provenance.RuleResult, ...]
    embedded: tuple[provenance.EmbeddedComparison, ...]
    multi_picture: containers.Mpf | None
    gain_map: provenance.GainMap | None
    second: "provenance.SecondReading | provenance.NoSecondReading | None" = None
    disagreements: tuple[provenance.Disagreement, ...] = ()

    @property
    def times(self) -> tuple[provenance.Time, ...]:
        """Every time: of an intact signature's stamp, of the tags, of the file's name."""
        return (*self._signed(), *self.metadata.times, *provenance.name_times(self.image.name))

    def _signed(self) -> tuple[provenance.Time, ...]:
        stamp = self.credentials.time
        if self.credentials.integrity != "intact" or stamp is None or not stamp.fits:
            return ()
        time = provenance.signed_time(stamp.time or "", tag=f"C2PA:time stamp ({stamp.trust})")
        return () if time is None else (time,)

    @property
    def thumbnail(self) -> provenance.Agreement | None:
        """How the first thumbnail that can be compared agrees with the picture."""
        return _thumbnail(self.embedded)

    def document(self) -> InspectDocument:
        """Return the document of ``imgcheck inspect --json``."""
        image, metadata = self.image, self.metadata
        return InspectDocument(
            name=printable(image.name),
            sha256=image.sha256,
            size_bytes=image.size_bytes,
            format=image.format,
            width=image.width,
            height=image.height,
            orientation=image.header.orientation,
            damage=_plain(image.damage),
            tags=_plain(metadata.tags),
            times=_plain(self.times),
            gps=_plain(metadata.gps),
            pose=_plain(metadata.pose),
            software=tuple(metadata.software),
            maker_note=_plain(metadata.maker_note),
            lineage=_plain(metadata.lineage),
            digital_source=_plain(metadata.digital_source),
            generators=_plain(metadata.generators),
            georeference=_plain(metadata.georeference),
            fbmd={"state": "absent"} if self.fbmd is None else _plain(self.fbmd),
            c2pa=_plain(provenance.credentials_to_json(self.credentials)),
            encoding=_plain(self.encoding),
            traces=_plain(self.traces),
            route=_plain(self.route),
            rules=_plain(self.rules),
            embedded=tuple(
                {
                    **one.picture,
                    "agreement": None if (reason := _reason(one)) else _plain(one.result),
                    "reason": reason,
                }
                for one in self.embedded
            ),
            multi_picture=_plain(self.multi_picture),
            gain_map=_plain(self.gain_map),
            second_reader=_second(self),
            structure=tuple(_node(node, 0) for node in self.structure.nodes),
            observations=_plain((*self.structure.observations, *metadata.observations)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON-ready values."""
        return self.document().to_json()


def _second(found: Inspection) -> dict[str, Any] | None:
    if found.second is None:
        return None
    return {
        "reader": found.second.reader,
        "version": found.second.version,
        "problem": getattr(found.second, "problem", None),
        "disagreements": _plain(found.disagreements),
    }


def _plain(value: Any) -> Any:
    """Convert to plain values of JSON; NaN and infinity, which JSON lacks, become words."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def _node(node: containers.Node, depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "offset": node.offset,
        "length": node.length,
        "kind": node.kind,
        "note": node.note,
    }
    if node.children and depth < _DEEPEST_NODE:
        shown["children"] = [_node(child, depth + 1) for child in node.children]
    return shown


def read(
    image: Image,
    *,
    trust: provenance.TrustList | None = None,
    second_reader: "provenance.ExifTool | None" = None,
) -> Inspection:
    """Apply every reader to an opened file; see `imgcheck.inspect`."""
    data, form = image.data, image.format
    structure = image.structure
    encoding = forensics.encoding(data, structure=structure)
    metadata = provenance.metadata(data, format=form, structure=structure)
    traces = provenance.platform_traces(structure, encoding, metadata, image.name)
    gain_map = provenance.read_gain_map(data, structure=structure, xmp=metadata.xmp)
    fbmd = _fbmd(data, structure, metadata, gain_map)
    embedded = provenance.compare_embedded(image, structure=structure)
    thumbnail = _thumbnail(embedded)
    second = second_reader.read(data, format=form) if second_reader else None
    return Inspection(
        image=image,
        structure=structure,
        encoding=encoding,
        metadata=metadata,
        traces=traces,
        route=provenance.route(structure, encoding, metadata, traces),
        credentials=provenance.read_credentials(
            data,
            format=form,
            structure=structure,
            trust=imported_trust() if trust is None else trust,
            gps=metadata.gps,
            times=metadata.times,
        ),
        fbmd=fbmd,
        rules=provenance.consistency(
            data,
            structure=structure,
            encoding=encoding,
            metadata=metadata,
            name=image.name,
            thumbnail=None if thumbnail is None else thumbnail.kind,
            fbmd=fbmd,
        ),
        embedded=embedded,
        multi_picture=containers.read_mpf(data, structure=structure),
        gain_map=gain_map,
        second=second,
        disagreements=()
        if not isinstance(second, provenance.SecondReading)
        else provenance.disagreements(
            data, metadata.entries, second, format=form, structure=structure
        ),
    )


def _fbmd(
    data: bytes,
    structure: containers.Structure,
    metadata: provenance.Metadata,
    gain_map: provenance.GainMap | None,
) -> provenance.Fbmd | None:
    """Compare Meta's field with the file; outside JPEG there are no scans to compare with."""
    if structure.format == "jpeg":
        length = None if gain_map is None else gain_map.stated_length
        return provenance.read_fbmd(data, structure=structure, gain_map_length=length)
    if metadata.fbmd is None:
        return None
    return provenance.decode_fbmd(metadata.fbmd, structure=structure)


def _thumbnail(embedded: tuple[provenance.EmbeddedComparison, ...]) -> provenance.Agreement | None:
    results = (one.result for one in embedded if one.picture["role"] == "thumbnail")
    return next((one for one in results if isinstance(one, provenance.Agreement)), None)


def _reason(one: provenance.EmbeddedComparison) -> str:
    """Return why an embedded picture was not compared; nothing where it was."""
    return one.result.reason if isinstance(one.result, provenance.NotCompared) else ""


def views(found: Inspection) -> list[tuple[str, bytes]]:
    """Return the picture and those embedded in its file as small JPEGs, each with a caption.

    All are decoded and encoded again: no bytes of the file are in them.
    """
    shown = [("The picture", jpeg_view(found.image, longest_px=_PICTURE_PX)), *_embedded(found)]
    return [(caption, data) for caption, data in shown if data is not None]


def _embedded(found: Inspection) -> Iterator[tuple[str, bytes | None]]:
    image = found.image
    pictures = provenance.embedded_pictures(
        image.data, format=image.format, structure=found.structure
    )
    for picture, compared in list(zip(pictures, found.embedded, strict=True))[:_MOST_VIEWS]:
        if (picture.width or 0) * (picture.height or 0) > _MOST_VIEW_PIXELS:
            continue
        if picture.encoding not in ("jpeg", "png"):
            continue
        result = compared.result
        kind = f": {result.kind}" if isinstance(result, provenance.Agreement) else ""
        try:
            opened = Image.from_bytes(picture.content, name="embedded picture")
        except ImgcheckError:
            continue  # the comparison reports that it cannot be decoded
        view = jpeg_view(opened, longest_px=_EMBEDDED_PX)
        yield f"{picture.source}, {picture.role}{kind}", view
