"""``imgcheck frames``: pictures from a video."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say


@click.command("frames")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=options.Output(file_okay=False),
    help="Folder for the frames, as PNG, and frames.json with their times.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.5, 3600),
    default=10.0,
    show_default=True,
    help="Seconds between two frames of one scene.",
)
@options.force_option
@options.budget_option
@options.json_option
def command(video: Path, output: Path, every: float, force: bool, as_json: bool) -> int:
    """Take a frame of each scene of a video, and more of a long scene.

    A frame is the picture as it was decoded, with the compression of the video; its time is counted
    from the start. Verify the frames one by one, or as a folder with imgcheck batch.

    \b
    Example:
      imgcheck frames clip.mp4 -o frames/
    """
    from imgcheck.publication import publish_frames

    document = publish_frames(
        video, output, every_s=every, replacing=options.replacing(force=force)
    )
    if as_json:
        print_document(document)
    else:
        for frame in document.frames:
            say(f"{frame.seconds:8.1f} s  {output / frame.file}")
    return 0
