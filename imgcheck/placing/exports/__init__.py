"""A placed picture for other programs: GeoTIFF, QGIS, Google Earth, GeoJSON, STAC."""

from imgcheck.placing.exports.everything import Export, exports

__all__ = ["Export", "exports"]
