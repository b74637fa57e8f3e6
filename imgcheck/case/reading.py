"""One file, read by every reader of the provenance engine."""

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from imgcheck import forensics, provenance
from imgcheck.case import document
from imgcheck.case.trust import imported_trust
from imgcheck.imaging import Image, Limits
from imgcheck.imaging.limits import default_limits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspection:
    """What one file is, the way it says it came, and every tag in it.

    Attributes
    ----------
    traces, route : marks of platforms, and the steps the file says it went through.
    rules : tuple of RuleResult
        Whether the file's fields agree with each other.
    embedded : tuple of EmbeddedComparison
        Every picture inside the file, compared with the main one.
    second, disagreements : a second reader's answer, where one was asked.
    """

    image: Image
    structure: provenance.Structure
    encoding: forensics.Encoding | None
    metadata: provenance.Metadata
    traces: tuple[provenance.Trace, ...]
    route: tuple[provenance.Step, ...]
    credentials: provenance.Credentials
    fbmd: provenance.Fbmd | None
    rules: tuple[provenance.RuleResult, ...]
    embedded: tuple[provenance.EmbeddedComparison, ...]
    multi_picture: provenance.Mpf | None
    gain_map: provenance.GainMap | None
    second: provenance.SecondReading | provenance.NoSecondReading | None = None
    disagreements: tuple[provenance.Disagreement, ...] = ()

    @property
    def times(self) -> tuple[provenance.Time, ...]:
        """Every time: of a whole signature's stamp, of the tags, of the file's name."""
        return (
            *self._signed(),
            *self.metadata.times,
            *provenance.name_times(self.image.name),
        )

    def _signed(self) -> tuple[provenance.Time, ...]:
        """Give the time of a stamp that fits a signature that fits."""
        stamp = self.credentials.time
        if self.credentials.integrity != "intact" or stamp is None or not stamp.fits:
            return ()
        time = provenance.signed_time(stamp.time or "", tag=f"C2PA:time stamp ({stamp.trust})")
        return () if time is None else (time,)

    @property
    def thumbnail(self) -> provenance.Agreement | None:
        """How the first embedded thumbnail agrees with the picture, where there is one."""
        return _thumbnail(self.embedded)

    def to_json(self) -> dict[str, Any]:
        """Give the machine contract of ``imgcheck inspect --json``."""
        return document.of(self)


def inspect(
    picture: str | os.PathLike[str] | Image,
    *,
    limits: Limits | None = None,
    trust: provenance.TrustList | None = None,
    second_reader: provenance.ExifTool | None = None,
) -> Inspection:
    """Read structure, last save, metadata, times, credentials and platform traces of a file.

    Parameters
    ----------
    picture : path or Image
    limits : Limits, optional
    trust : TrustList, optional
        Whose content credentials count as trusted; default: the lists the user imported.
    second_reader : ExifTool, optional
        Asked too, and where it reads a standard tag otherwise both readings are kept. Checks
        never pass one: their results must not depend on what else is installed.

    Raises
    ------
    UnreadableError, RefusedError
        If the file cannot be opened; the file is named.

    Notes
    -----
    Nothing here judges: what a tag says is what somebody or some program wrote. Where the file
    holds pictures inside, the main one is decoded to compare them; nothing else needs pixels.
    """
    if isinstance(picture, Image):
        image = picture
    else:
        # Fields can be read where the pixels cost too much.
        within = limits or dataclasses.replace(default_limits(), undecoded=True)
        image = Image.open(picture, limits=within)
    data, form = image.data, image.format
    structure = provenance.structure(data, format=form)
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
        multi_picture=provenance.read_mpf(data, structure=structure),
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
    structure: provenance.Structure,
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
    """Give how the first thumbnail that could be compared agrees with the picture."""
    compared = (one.agreement for one in embedded if one.picture["role"] == "thumbnail")
    return next((agreement for agreement in compared if agreement is not None), None)
