import pytest

from .command_pages import FOLDER, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_page_of_a_command_is_its_help(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], (
        "run: python -m tests.docs.command_pages"
    )


def test_no_page_speaks_of_a_command_that_is_gone() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(pages())
