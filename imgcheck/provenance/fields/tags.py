"""Names of standard fields.

Pillow's tables, spelt as the standards spell them where Pillow differs: Exif 2.32 (CIPA
DC-008-2019) and 3.0 (CIPA DC-008-2023), TIFF 6.0, DNG, GeoTIFF; IPTC-IIM 4.2.
"""

from PIL import ExifTags

# Tags 1 and 2 have a meaning in the Interop and GPS directories only.
_IMAGE = {tag.value: tag.name for tag in ExifTags.Base if tag.value > 2} | {
    0x011E: "XPosition", 0x011F: "YPosition", 0x0201: "JPEGInterchangeFormat",
    0x0202: "JPEGInterchangeFormatLength", 0x0203: "JPEGRestartInterval",
    0x0205: "JPEGLosslessPredictors", 0x0206: "JPEGPointTransforms", 0x0207: "JPEGQTables",
    0x0208: "JPEGDCTables", 0x0209: "JPEGACTables", 0x1002: "RelatedImageLength",
    0x828E: "CFAPattern", 0x830E: "ModelPixelScaleTag", 0x83BB: "IPTC",
    0x8480: "IntergraphMatrixTag", 0x8482: "ModelTiepointTag", 0x85D8: "ModelTransformationTag",
    0x8769: "ExifIFDPointer", 0x87AF: "GeoKeyDirectoryTag", 0x87B0: "GeoDoubleParamsTag",
    0x87B1: "GeoAsciiParamsTag", 0x8825: "GPSInfoIFDPointer", 0x8827: "PhotographicSensitivity",
    0x920B: "FlashEnergy", 0x9214: "SubjectArea", 0x9216: "TIFF/EPStandardID",
    0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized",
    0x9400: "Temperature", 0xA000: "FlashpixVersion", 0xA002: "PixelXDimension",
    0xA003: "PixelYDimension", 0xA005: "InteroperabilityIFDPointer", 0xA436: "ImageTitle",
    0xA437: "Photographer", 0xA438: "ImageEditor", 0xA439: "CameraFirmware",
    0xA43A: "RAWDevelopingSoftware", 0xA43B: "ImageEditingSoftware",
    0xA43C: "MetadataEditingSoftware", 0xA461: "SourceImageNumberOfCompositeImage",
    0xA462: "SourceExposureTimesOfCompositeImage", 0xA480: "GDAL_METADATA",
    0xA481: "GDAL_NODATA", 0xCD41: "C2PA", 0xEA1C: "Padding", 0xEA1D: "OffsetSchema",
}  # fmt: skip
_GPS = {tag.value: tag.name for tag in ExifTags.GPS}
_INTEROP = _IMAGE | {0x0001: "InteroperabilityIndex", 0x0002: "InteroperabilityVersion"}

IPTC = {
    (1, 0): "EnvelopeRecordVersion", (1, 5): "Destination", (1, 20): "FileFormat",
    (1, 22): "FileVersion", (1, 30): "ServiceIdentifier", (1, 40): "EnvelopeNumber",
    (1, 50): "ProductID", (1, 60): "EnvelopePriority", (1, 70): "DateSent", (1, 80): "TimeSent",
    (1, 90): "CodedCharacterSet", (1, 100): "UNO", (2, 0): "RecordVersion",
    (2, 3): "ObjectTypeReference", (2, 8): "EditorialUpdate", (2, 130): "ImageType",
    (2, 131): "ImageOrientation", (2, 135): "LanguageIdentifier", (2, 231): "DocumentHistory",
    (2, 4): "ObjectAttributeReference",
    (2, 5): "ObjectName", (2, 7): "EditStatus", (2, 10): "Urgency", (2, 12): "SubjectReference",
    (2, 15): "Category", (2, 20): "SupplementalCategory", (2, 22): "FixtureIdentifier",
    (2, 25): "Keywords", (2, 26): "ContentLocationCode", (2, 27): "ContentLocationName",
    (2, 30): "ReleaseDate", (2, 35): "ReleaseTime", (2, 37): "ExpirationDate",
    (2, 38): "ExpirationTime", (2, 40): "SpecialInstructions", (2, 42): "ActionAdvised",
    (2, 55): "DateCreated", (2, 60): "TimeCreated", (2, 62): "DigitalCreationDate",
    (2, 63): "DigitalCreationTime", (2, 65): "OriginatingProgram", (2, 70): "ProgramVersion",
    (2, 75): "ObjectCycle", (2, 80): "By-line", (2, 85): "By-lineTitle", (2, 90): "City",
    (2, 92): "Sub-location", (2, 95): "Province/State", (2, 100): "Country/PrimaryLocationCode",
    (2, 101): "Country/PrimaryLocationName", (2, 103): "OriginalTransmissionReference",
    (2, 105): "Headline", (2, 110): "Credit", (2, 115): "Source", (2, 116): "CopyrightNotice",
    (2, 118): "Contact", (2, 120): "Caption/Abstract", (2, 122): "Writer/Editor",
}  # fmt: skip


def exif_name(group: str, tag: int) -> str:
    """Return the name of a tag in its directory; the bare number where no standard names it."""
    tables = {"GPS": _GPS, "Interop": _INTEROP}
    return tables.get(group.split("-", 1)[0], _IMAGE).get(tag) or f"0x{tag:04x}"
