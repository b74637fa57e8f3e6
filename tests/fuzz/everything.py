"""All that is read of a file without its pixels, as every fuzzer and every mutation runs it."""

import json

from imgcheck import forensics, provenance
from imgcheck.case import inspect
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image, containers
from imgcheck.report.inspect_page import html
from imgcheck.report.inspection import terminal

FORMATS = ("jpeg", "png", "tiff", "webp", "gif", "bmp", "jp2", "heif", "avif")


def parse(data: bytes, form: str) -> None:
    """Run every parser of the engine, whatever the content looks like; nothing may be raised."""
    tree = containers.structure(data, format=form)
    save = forensics.encoding(data, structure=tree)
    tags = provenance.metadata(data, format=form, structure=tree)
    json.dumps(tags.tags, allow_nan=False).encode("utf-8")
    traces = provenance.platform_traces(tree, save, tags, "name.jpg")
    provenance.route(tree, save, tags, traces)
    provenance.c2pa_presence(tree)
    provenance.embedded_pictures(data, format=form, structure=tree)
    containers.read_mpf(data, structure=tree)
    provenance.read_gain_map(data, structure=tree, xmp=tags.xmp)
    fbmd = provenance.read_fbmd(data, structure=tree)
    provenance.consistency(
        data,
        structure=tree,
        encoding=save,
        metadata=tags,
        name="IMG-20170908-WA0001.jpg",
        fbmd=fbmd,
    )


def inspected(data: bytes, *, name: str = "post.jpg", page: bool = False) -> bool:
    """Inspect as the command does, up to text (and page); False where the file is refused."""
    try:
        found = inspect(Image.from_bytes(data, name=name))
    except ImgcheckError:
        return False
    json.dumps(found.to_json(), allow_nan=False).encode("utf-8")
    terminal(found, everything=True).encode("utf-8")
    if page:
        html([found]).encode("utf-8")
    return True
