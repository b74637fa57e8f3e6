"""Names of standard fields.

TIFF 6.0, TIFF/EP, DNG and GeoTIFF numbers in common use; Exif 2.32 (CIPA DC-008-2019) and 3.0
(CIPA DC-008-2023); IPTC-IIM 4.2. Spelt as the standards spell them.
"""

IMAGE = {
    0x000B: "ProcessingSoftware", 0x00FE: "NewSubfileType", 0x00FF: "SubfileType",
    0x0100: "ImageWidth", 0x0101: "ImageLength", 0x0102: "BitsPerSample", 0x0103: "Compression",
    0x0106: "PhotometricInterpretation", 0x0107: "Thresholding", 0x0108: "CellWidth",
    0x0109: "CellLength", 0x010A: "FillOrder", 0x010D: "DocumentName", 0x010E: "ImageDescription",
    0x010F: "Make", 0x0110: "Model", 0x0111: "StripOffsets", 0x0112: "Orientation",
    0x0115: "SamplesPerPixel", 0x0116: "RowsPerStrip", 0x0117: "StripByteCounts",
    0x0118: "MinSampleValue", 0x0119: "MaxSampleValue", 0x011A: "XResolution",
    0x011B: "YResolution", 0x011C: "PlanarConfiguration", 0x011D: "PageName",
    0x011E: "XPosition", 0x011F: "YPosition", 0x0120: "FreeOffsets", 0x0121: "FreeByteCounts",
    0x0122: "GrayResponseUnit", 0x0123: "GrayResponseCurve", 0x0124: "T4Options",
    0x0125: "T6Options", 0x0128: "ResolutionUnit", 0x0129: "PageNumber",
    0x012D: "TransferFunction", 0x0131: "Software", 0x0132: "DateTime", 0x013B: "Artist",
    0x013C: "HostComputer", 0x013D: "Predictor", 0x013E: "WhitePoint",
    0x013F: "PrimaryChromaticities", 0x0140: "ColorMap", 0x0141: "HalftoneHints",
    0x0142: "TileWidth", 0x0143: "TileLength", 0x0144: "TileOffsets", 0x0145: "TileByteCounts",
    0x014A: "SubIFDs", 0x014C: "InkSet", 0x014D: "InkNames", 0x014E: "NumberOfInks",
    0x0150: "DotRange", 0x0151: "TargetPrinter", 0x0152: "ExtraSamples", 0x0153: "SampleFormat",
    0x0154: "SMinSampleValue", 0x0155: "SMaxSampleValue", 0x0156: "TransferRange",
    0x015B: "JPEGTables", 0x0200: "JPEGProc", 0x0201: "JPEGInterchangeFormat",
    0x0202: "JPEGInterchangeFormatLength", 0x0203: "JPEGRestartInterval",
    0x0205: "JPEGLosslessPredictors", 0x0206: "JPEGPointTransforms", 0x0207: "JPEGQTables",
    0x0208: "JPEGDCTables", 0x0209: "JPEGACTables", 0x0211: "YCbCrCoefficients",
    0x0212: "YCbCrSubSampling", 0x0213: "YCbCrPositioning", 0x0214: "ReferenceBlackWhite",
    0x02BC: "XMLPacket", 0x1000: "RelatedImageFileFormat", 0x1001: "RelatedImageWidth",
    0x1002: "RelatedImageLength", 0x4746: "Rating", 0x4749: "RatingPercent",
    0x828D: "CFARepeatPatternDim", 0x828E: "CFAPattern", 0x828F: "BatteryLevel",
    0x8298: "Copyright", 0x830E: "ModelPixelScaleTag", 0x83BB: "IPTC",
    0x8480: "IntergraphMatrixTag", 0x8482: "ModelTiepointTag", 0x85D8: "ModelTransformationTag",
    0x8649: "ImageResources", 0x8769: "ExifIFDPointer", 0x8773: "InterColorProfile",
    0x87AF: "GeoKeyDirectoryTag", 0x87B0: "GeoDoubleParamsTag", 0x87B1: "GeoAsciiParamsTag",
    0x8825: "GPSInfoIFDPointer", 0x8829: "Interlace", 0x882A: "TimeZoneOffset",
    0x882B: "SelfTimerMode", 0x920B: "FlashEnergy", 0x9211: "ImageNumber",
    0x9212: "SecurityClassification", 0x9213: "ImageHistory", 0x9216: "TIFF/EPStandardID",
    0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject", 0xA480: "GDAL_METADATA", 0xA481: "GDAL_NODATA",
    0xC4A5: "PrintImageMatching", 0xC612: "DNGVersion", 0xC613: "DNGBackwardVersion",
    0xC614: "UniqueCameraModel", 0xC615: "LocalizedCameraModel", 0xC619: "BlackLevelRepeatDim",
    0xC61A: "BlackLevel", 0xC61D: "WhiteLevel", 0xC62F: "CameraSerialNumber",
    0xC630: "LensInfo", 0xC634: "DNGPrivateData", 0xCD41: "C2PA", 0xEA1C: "Padding",
    0xEA1D: "OffsetSchema",
}  # fmt: skip

EXIF = {
    0x829A: "ExposureTime", 0x829D: "FNumber", 0x8822: "ExposureProgram",
    0x8824: "SpectralSensitivity", 0x8827: "PhotographicSensitivity", 0x8828: "OECF",
    0x8830: "SensitivityType", 0x8831: "StandardOutputSensitivity",
    0x8832: "RecommendedExposureIndex", 0x8833: "ISOSpeed", 0x8834: "ISOSpeedLatitudeyyy",
    0x8835: "ISOSpeedLatitudezzz", 0x9000: "ExifVersion", 0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized", 0x9010: "OffsetTime", 0x9011: "OffsetTimeOriginal",
    0x9012: "OffsetTimeDigitized", 0x9101: "ComponentsConfiguration",
    0x9102: "CompressedBitsPerPixel", 0x9201: "ShutterSpeedValue", 0x9202: "ApertureValue",
    0x9203: "BrightnessValue", 0x9204: "ExposureBiasValue", 0x9205: "MaxApertureValue",
    0x9206: "SubjectDistance", 0x9207: "MeteringMode", 0x9208: "LightSource", 0x9209: "Flash",
    0x920A: "FocalLength", 0x9214: "SubjectArea", 0x927C: "MakerNote", 0x9286: "UserComment",
    0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized",
    0x9400: "Temperature", 0x9401: "Humidity", 0x9402: "Pressure", 0x9403: "WaterDepth",
    0x9404: "Acceleration", 0x9405: "CameraElevationAngle", 0xA000: "FlashpixVersion",
    0xA001: "ColorSpace", 0xA002: "PixelXDimension", 0xA003: "PixelYDimension",
    0xA004: "RelatedSoundFile", 0xA005: "InteroperabilityIFDPointer", 0xA20B: "FlashEnergy",
    0xA20C: "SpatialFrequencyResponse", 0xA20E: "FocalPlaneXResolution",
    0xA20F: "FocalPlaneYResolution", 0xA210: "FocalPlaneResolutionUnit",
    0xA214: "SubjectLocation", 0xA215: "ExposureIndex", 0xA217: "SensingMethod",
    0xA300: "FileSource", 0xA301: "SceneType", 0xA302: "CFAPattern", 0xA401: "CustomRendered",
    0xA402: "ExposureMode", 0xA403: "WhiteBalance", 0xA404: "DigitalZoomRatio",
    0xA405: "FocalLengthIn35mmFilm", 0xA406: "SceneCaptureType", 0xA407: "GainControl",
    0xA408: "Contrast", 0xA409: "Saturation", 0xA40A: "Sharpness",
    0xA40B: "DeviceSettingDescription", 0xA40C: "SubjectDistanceRange", 0xA420: "ImageUniqueID",
    0xA430: "CameraOwnerName", 0xA431: "BodySerialNumber", 0xA432: "LensSpecification",
    0xA433: "LensMake", 0xA434: "LensModel", 0xA435: "LensSerialNumber", 0xA436: "ImageTitle",
    0xA437: "Photographer", 0xA438: "ImageEditor", 0xA439: "CameraFirmware",
    0xA43A: "RAWDevelopingSoftware", 0xA43B: "ImageEditingSoftware",
    0xA43C: "MetadataEditingSoftware", 0xA460: "CompositeImage",
    0xA461: "SourceImageNumberOfCompositeImage",
    0xA462: "SourceExposureTimesOfCompositeImage", 0xA500: "Gamma",
}  # fmt: skip

GPS = dict(enumerate((
    "GPSVersionID", "GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude",
    "GPSAltitudeRef", "GPSAltitude", "GPSTimeStamp", "GPSSatellites", "GPSStatus",
    "GPSMeasureMode", "GPSDOP", "GPSSpeedRef", "GPSSpeed", "GPSTrackRef", "GPSTrack",
    "GPSImgDirectionRef", "GPSImgDirection", "GPSMapDatum", "GPSDestLatitudeRef",
    "GPSDestLatitude", "GPSDestLongitudeRef", "GPSDestLongitude", "GPSDestBearingRef",
    "GPSDestBearing", "GPSDestDistanceRef", "GPSDestDistance", "GPSProcessingMethod",
    "GPSAreaInformation", "GPSDateStamp", "GPSDifferential", "GPSHPositioningError",
)))  # fmt: skip

INTEROP = {
    0x0001: "InteroperabilityIndex", 0x0002: "InteroperabilityVersion",
    0x1000: "RelatedImageFileFormat", 0x1001: "RelatedImageWidth", 0x1002: "RelatedImageLength",
}  # fmt: skip

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
    """Name a tag as it reads in its directory; the bare number where no standard names it."""
    base = group.split("-", 1)[0]
    if base == "GPS":
        name = GPS.get(tag)
    elif base == "Interop":
        name = INTEROP.get(tag)
    elif base == "ExifIFD":
        name = EXIF.get(tag) or IMAGE.get(tag)
    else:
        name = IMAGE.get(tag) or EXIF.get(tag)
    return name or f"0x{tag:04x}"
