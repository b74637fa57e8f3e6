"""What a file says about itself, read but not judged: intake and provenance together."""

import math
import os
from dataclasses import asdict, dataclass
from typing import Any

from imgcheck import provenance
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image, Limits
from imgcheck.imaging.text import printable
from imgcheck.imaging.view import jpeg_view
from imgcheck.trusted import imported_trust

_DEEPEST_NODE = 6
_PICTURE_PX = 900


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspection:
    """One file: what it is, how it was last saved, and every tag in it."""

    image: Image
    structure: provenance.Structure
    encoding: provenance.Encoding | None
    metadata: provenance.Metadata
    traces: tuple[provenance.Trace, ...]
    credentials: provenance.Credentials
    fbmd: provenance.Fbmd | None
    second: provenance.SecondReading | None = None
    disagreements: tuple[provenance.Disagreement, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the machine contract of ``imgcheck inspect --json``."""
        image = self.image
        gps = self.metadata.gps
        return {
            "name": printable(image.name),
            "sha256": image.sha256,
            "size_bytes": image.size_bytes,
            "format": image.format,
            "width": image.width,
            "height": image.height,
            "orientation": image.orientation,
            "damage": [_plain(asdict(d)) for d in image.damage],
            "tags": _plain(self.metadata.tags),
            "times": [_plain(asdict(t)) for t in self.metadata.times],
            "gps": None if gps is None else _plain(asdict(gps)),
            "software": list(self.metadata.software),
            "fbmd": {"state": "absent" if self.fbmd is None else self.fbmd.state},
            "c2pa": _plain(provenance.credentials_to_json(self.credentials)),
            "encoding": None if self.encoding is None else _plain(asdict(self.encoding)),
            "traces": [_plain(asdict(t)) for t in self.traces],
            "second_reader": None
            if self.second is None
            else {
                "reader": self.second.reader,
                "version": self.second.version,
                "problem": self.second.problem,
                "disagreements": [_plain(asdict(d)) for d in self.disagreements],
            },
            "structure": [_node(n, 0) for n in self.structure.nodes],
            "observations": [
                _plain(asdict(o))
                for o in (*self.structure.observations, *self.metadata.observations)
            ],
        }


def inspect(
    picture: str | os.PathLike[str] | Image,
    *,
    limits: Limits | None = None,
    trust: provenance.TrustList | None = None,
    second_reader: provenance.ExifTool | None = None,
) -> Inspection:
    """Read structure, last save, metadata, times and platform traces of a file.

    Parameters
    ----------
    picture : path or Image
    trust : TrustList, optional
        Whose content credentials count as trusted; default: the lists the user imported.
    limits : Limits, optional
    second_reader : ExifTool, optional
        Asked too, and where it reads a standard tag otherwise both readings are kept. Checks
        never pass one: their results must not depend on what else is installed.

    Raises
    ------
    UnreadableError, RefusedError
        If the file cannot be opened; the file is named.

    Notes
    -----
    Nothing here judges: what a tag says is what somebody or some program wrote.
    """
    image = (
        picture if isinstance(picture, Image) else Image.open(picture, limits=limits or Limits())
    )
    structure = provenance.structure(image.data, format=image.format)
    encoding = provenance.encoding(image.data, format=image.format, structure=structure)
    metadata = provenance.metadata(image.data, format=image.format, structure=structure)
    fbmd = metadata.fbmd
    second = second_reader.read(image.data, format=image.format) if second_reader else None
    return Inspection(
        image=image,
        structure=structure,
        encoding=encoding,
        metadata=metadata,
        traces=provenance.platform_traces(structure, encoding, metadata, image.name),
        credentials=provenance.read_credentials(
            image.data,
            format=image.format,
            structure=structure,
            trust=imported_trust() if trust is None else trust,
            gps=metadata.gps,
            times=metadata.times,
        ),
        fbmd=None if fbmd is None else provenance.decode_fbmd(fbmd, structure=structure),
        second=second,
        disagreements=()
        if second is None
        else provenance.disagreements(
            image.data, metadata.entries, second, format=image.format, structure=structure
        ),
    )


def views(found: Inspection) -> list[tuple[str, bytes]]:
    """Give the picture and those embedded in its file as small JPEGs, each with a caption."""
    shown = [("The picture", jpeg_view(found.image, longest_px=_PICTURE_PX))]
    thumbnail = found.metadata.thumbnail
    if thumbnail is not None:
        try:
            small = Image.from_bytes(thumbnail.data, name="thumbnail")
            shown.append((f"Thumbnail in {thumbnail.source}", jpeg_view(small, longest_px=320)))
        except ImgcheckError:
            pass  # what cannot be opened is an observation already
    return [(caption, data) for caption, data in shown if data is not None]


def _plain(value: Any) -> Any:
    """Turn tuples into lists, and numbers that JSON does not know (NaN, infinity) into words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _node(node: provenance.Node, depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "offset": node.offset,
        "length": node.length,
        "kind": node.kind,
        "note": node.note,
    }
    if node.children and depth < _DEEPEST_NODE:
        shown["children"] = [_node(child, depth + 1) for child in node.children]
    return shown
