"""Does the date in the file's name fit the dates in the file?"""

from imgcheck.provenance.clocks.between import local
from imgcheck.provenance.fields.values import FieldRead
from imgcheck.provenance.platforms.names import name_times
from imgcheck.provenance.rules.facts import Facts, shown
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_ZONES_S = 26 * 3600.0  # between UTC-12 and UTC+14
_SAME_S = 2.0


@rule(
    "name.date",
    proves="The name was given at another time than the capture that EXIF records, or one of the "
    "two was changed.",
    does_not_prove="Anything about the picture: anyone can rename a file.",
    innocent=("renamed by a person or a library", "a name in UTC or in another zone"),
)
def date(facts: Facts) -> Answer:
    """Ask: is the date in the name the one in EXIF, or later where a messenger named it?"""
    named = name_times(facts.name or "")
    shot = facts.time("ExifIFD:DateTimeOriginal")
    if not named or shot is None:
        return absent("the name states no date, or EXIF no time of capture")
    first = named[0]
    read = (FieldRead(name="file name", value=shown(facts.name)), facts.field(shot.tag))
    later = (local(first.value) - local(shot.value)).total_seconds()
    words = f"the name says {first.value}, EXIF {shot.value}"
    if first.role == "sent":
        if later + first.uncertainty_s + _ZONES_S < 0:
            return answer("anomalous", f"{words}: sent before it was taken", *read)
        return answer("consistent", f"{words}: not sent before it was taken", *read)
    if -first.uncertainty_s - _SAME_S <= later <= shot.uncertainty_s + _SAME_S:
        return answer("consistent", words, *read)
    if abs(later) <= _ZONES_S:
        return answer("explained", f"{words}: {later / 3600:+.2f} h, within the zones", *read)
    return answer("anomalous", f"{words}: {later / 86400:+.1f} days", *read)


RULES = (date,)
