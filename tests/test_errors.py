import pytest

from imgcheck import errors

CLASSES = [
    getattr(errors, name)
    for name in dir(errors)
    if isinstance(getattr(errors, name), type)
    and issubclass(getattr(errors, name), errors.ImgcheckError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_its_sentence_and_names_the_file(kind: type[errors.ImgcheckError]) -> None:
    error = kind("post.jpg: is not a picture", file="post.jpg")
    assert str(error) == "post.jpg: is not a picture"
    assert error.file == "post.jpg"
    assert error.exit_code in (2, 3, 4)


def test_errors_can_be_caught_by_their_built_in_kind() -> None:
    assert issubclass(errors.UnreadableError, OSError)
    assert issubclass(errors.RefusedError, ValueError)
    assert issubclass(errors.ClaimError, ValueError)
