"""Words of dates in languages in which posts about conflicts are written, turned into English."""

import re
import unicodedata

_ENGLISH = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
# The months of a language in order; forms of one month are separated by a bar.
_MONTHS = (
    # Russian, as in a date and alone
    "января|январь февраля|февраль марта|март апреля|апрель мая|май июня|июнь июля|июль "
    "августа|август сентября|сентябрь октября|октябрь ноября|ноябрь декабря|декабрь",
    # Ukrainian
    "січня|січень лютого|лютий березня|березень квітня|квітень травня|травень червня|червень "
    "липня|липень серпня|серпень вересня|вересень жовтня|жовтень листопада|листопад грудня|грудень",
    # Arabic: from Latin as in Egypt, and Syriac as in the Levant (a dot stands for a space)
    "يناير فبراير مارس أبريل|ابريل مايو يونيو يوليو أغسطس|اغسطس سبتمبر أكتوبر|اكتوبر نوفمبر ديسمبر",
    "كانون.الثاني شباط آذار|اذار نيسان أيار|ايار حزيران تموز آب|اب أيلول|ايلول "
    "تشرين.الأول|تشرين.الاول تشرين.الثاني كانون.الأول|كانون.الاول",
    "janvier février|fevrier mars avril mai juin juillet août|aout septembre octobre novembre "
    "décembre|decembre",
    "januar|jänner februar märz|maerz april mai juni juli august september oktober november "
    "dezember",
    "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre "
    "diciembre",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
)  # fmt: skip
_JOINING = {
    "to": ("по", "до", "إلى", "الى", "au", "bis", "al"),
    "": ("с", "з", "г.", "г", "года", "год", "р.", "року", "من", "du", "le", "vom", "den",
         "de", "del", "el"),
}  # fmt: skip


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for names in _MONTHS:
        for english, forms in zip(_ENGLISH, names.split(), strict=True):
            found |= dict.fromkeys(forms.replace(".", " ").split("|"), english)
    for english, words in _JOINING.items():
        found |= dict.fromkeys(words, english)
    return found


_WORDS = _table()
_FOREIGN = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))})(?!\w)"
)


def in_english(text: str) -> str:
    """Return a date in lower case with its digits, months and joining words in English.

    Only the words of the table are turned; a text in English stays as it is.
    """
    digits = "".join(
        str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c
        for c in unicodedata.normalize("NFC", text).lower()
    )
    return " ".join(_FOREIGN.sub(lambda found: _WORDS[found[0]], digits).split())
