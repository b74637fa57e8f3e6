"""The program that the page gives to whoever wants to check a log without imgcheck."""

import re
import subprocess
import sys
from pathlib import Path

from imgcheck import custody

PAGE = Path(__file__).resolve().parents[2] / "docs" / "custody.md"


def test_the_chain_can_be_followed_with_the_program_of_the_page(case: Path) -> None:
    (program,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    words = program.replace("euphrates", case.name)
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, cwd=case.parent, check=True
    )
    assert done.stdout.strip() == custody.verify(case).head
