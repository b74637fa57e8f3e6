"""``imgcheck case``: chain of custody."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from imgcheck.cli import options
from imgcheck.cli.failure import report_failure
from imgcheck.cli.printing import print_document, say
from imgcheck.cli.progress import Progress
from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.model import documents

# A report names findings; its pictures are files of their own.
_MOST_REPORT_BYTES = 256 << 20
_DIR = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_OPERATOR = click.option(
    "--operator", help="Name of the operator; by default the person who created the case."
)


@click.group("case")
def command() -> None:
    """Keep evidence: untouched copies, and a log that reveals every change.

    Every command prints the hash of the last line of the log. Keep a copy of it elsewhere: with it,
    'case verify --expect-head' detects even a log that was completely rewritten.

    \b
    Exit codes: 0 done, or the case is whole; 1 the case does not agree with its log; 2 usage;
    4 a file or the case cannot be read or written.
    """


@command.command("init")
@_DIR
@click.option("--title", help="What the case is about.")
@click.option("--reference", help="Reference number of the case.")
@click.option("--operator", help="Name of the operator, for the log.")
@options.json_option
def init(
    folder: Path, title: str | None, reference: str | None, operator: str | None, as_json: bool
) -> int:
    """Make a case folder.

    \b
    Example:
      imgcheck case init euphrates/ --reference 2017-114 --operator "A. Analyst"
    """
    from imgcheck import custody

    head = custody.create(folder, title=title, reference=reference, operator=operator)
    if as_json:
        print_document(documents.CaseInitDocument(case=head.case, head=_head(head)))
    else:
        say(f"case {head.case} made")
        _say_head(head)
    return 0


@command.command("add")
@_DIR
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--source-url", help="Address at which the file was found; logged as stated.")
@click.option("--acquired-at", help="When the file was acquired, ISO 8601; logged as stated.")
@click.option("--note", help="Anything else, in a few words.")
@_OPERATOR
@options.json_option
def add(
    folder: Path,
    files: tuple[Path, ...],
    source_url: str | None,
    acquired_at: str | None,
    note: str | None,
    operator: str | None,
    as_json: bool,
) -> int:
    """Add untouched copies of files to the case.

    Each file is read once, copied, flushed to the disk and read again; then it is logged. Files of
    any kind can be added. The original is not changed.

    \b
    Example:
      imgcheck case add euphrates/ post.jpg --source-url https://example.org/post/1
    """
    from imgcheck.custody import CaseDamagedError, CustodyFolder

    added, refused = [], []
    with Progress("Adding") as progress, CustodyFolder(folder, operator=operator) as case:
        for position, file in enumerate(files):
            progress(file.name, position, len(files))
            try:
                added.append(
                    case.add(file, source_url=source_url, acquired_at=acquired_at, note=note)
                )
            except (CaseDamagedError, UsageError):
                raise
            except ImgcheckError as error:
                if len(files) == 1:
                    raise
                refused.append(error)
        head, recovered = case.head, case.recovered
    if as_json:
        print_document(
            documents.CaseAddDocument(
                added=tuple(
                    documents.AddedFile(**asdict(a.kept), known=a.known, name=a.name) for a in added
                ),
                head=_head(head),
                recovered=recovered,
                refused=tuple(
                    documents.RefusedFile(message=e.message, file=e.file) for e in refused
                ),
            )
        )
        return 4 if refused else 0
    for one in added:
        known = "  (was in the case before)" if one.known else ""
        say(f"{one.kept.sha256}  {one.name}{known}")
    for failure in refused:
        report_failure(failure.message, code=failure.code, exit_code=4)
    _say_recovered(recovered)
    _say_head(head)
    return 4 if refused else 0


@command.command("note")
@_DIR
@click.argument("text")
@_OPERATOR
@options.json_option
def note(folder: Path, text: str, operator: str | None, as_json: bool) -> int:
    """Write a note into the log.

    \b
    Example:
      imgcheck case note euphrates/ "Shown to the second reader on 14 November."
    """
    from imgcheck.custody import CustodyFolder

    with CustodyFolder(folder, operator=operator) as case:
        case.note(text)
        head, recovered = case.head, case.recovered
    return _done(head, recovered, as_json, "noted")


@command.command("copy")
@_DIR
@click.argument("item", metavar="SHA256")
@click.argument("output", type=options.Output())
@_OPERATOR
@options.json_option
def copy(folder: Path, item: str, output: Path, operator: str | None, as_json: bool) -> int:
    """Make a working copy of a piece of evidence outside the case.

    SHA256 may be its first six digits or more.

    \b
    Example:
      imgcheck case copy euphrates/ 3f786850 work/post.jpg
    """
    from imgcheck.custody import CustodyFolder

    with CustodyFolder(folder, operator=operator) as case:
        kept = case.copy(item, output)
        head, recovered = case.head, case.recovered
    return _done(head, recovered, as_json, f"copied {kept.sha256}", sha256=kept.sha256)


@command.command("verify")
@_DIR
@click.option(
    "--expect-head", metavar="HASH", help="Hash of the last log line, as you recorded it elsewhere."
)
@click.option(
    "--public-key",
    metavar="PEM",
    type=click.Path(path_type=Path),
    help="Require a valid signature by this Ed25519 key.",
)
@options.json_option
def verify(folder: Path, expect_head: str | None, public_key: Path | None, as_json: bool) -> int:
    """Compare every file and every line of the case with the log.

    Finds any change of a byte, missing, extra, renamed and linked files, and lines that were
    changed, removed, repeated or moved. Nothing is written.

    \b
    Example:
      imgcheck case verify euphrates/ --expect-head 9c1d2f6a40b7e853
    """
    from imgcheck import custody

    key = None if public_key is None else custody.read_small_file(public_key)
    with Progress("Verifying") as progress:
        result = custody.verify(folder, expect_head=expect_head, public_key=key, progress=progress)
    if as_json:
        print_document(result)
        return 0 if result.whole else 1
    for problem in result.problems:
        place = f" line {problem.line}" if problem.line is not None else ""
        place += f" byte {problem.byte}" if problem.byte is not None else ""
        say(f"{problem.kind}: {problem.path}{place}: {problem.message}")
    for remark in result.remarks:
        say(f"remark: {remark}")
    words = "is whole" if result.whole else "DOES NOT AGREE with its log"
    size = f"{result.case_bytes:,} bytes"
    say(f"the case {words}: {result.lines} lines, {result.files} files, {size}")
    if result.head is not None:
        say(f"head: line {result.lines}, {result.head}")
    return 0 if result.whole else 1


@command.command("log")
@_DIR
@options.json_option
def log(folder: Path, as_json: bool) -> int:
    """Show the log: what was done, when, by whom.

    Checks the chain of the log but not the files; for those use 'case verify'.

    \b
    Example:
      imgcheck case log euphrates/
    """
    from imgcheck import custody
    from imgcheck.custody.chain import describe

    history = custody.read(folder)
    if as_json:
        print_document(
            documents.CaseLogDocument(
                entries=tuple(json.loads(entry.line()) for entry in history.entries),
                head=history.head,
                problems=history.problems,
            )
        )
        return 1 if history.problems else 0
    for entry in history.entries:
        for line in describe(entry):
            say(line)
    for problem in history.problems:
        report_failure(problem.message, code=problem.kind, exit_code=1)
    say(f"head: line {len(history.lines)}, {history.head}")
    return 1 if history.problems else 0


@command.command("keygen")
@click.argument("key", metavar="KEY.pem", type=click.Path(path_type=Path))
@click.option(
    "--passphrase",
    is_flag=True,
    help="Protect the key with a passphrase; the command prompts for it.",
)
@options.json_option
def keygen(key: Path, passphrase: bool, as_json: bool) -> int:
    """Make an Ed25519 key pair: KEY.pem to sign with, KEY.pub.pem to publish.

    Keep KEY.pem outside the case, and give the fingerprint to those who will verify. Needs
    cryptography: pip install 'imgcheck[sign]'.

    \b
    Example:
      imgcheck case keygen newsroom.pem --passphrase
    """
    from imgcheck import custody

    secret = _ask("Passphrase", confirm=True) if passphrase else None
    public, fingerprint = custody.make_key(key, passphrase=secret)
    if as_json:
        print_document(
            documents.CaseKeygenDocument(public_key=str(public), fingerprint=fingerprint)
        )
    else:
        say(f"public key: {public!s}")
        say(f"fingerprint: {fingerprint}")
    return 0


@command.command("sign")
@_DIR
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Private key, PEM.")
@click.option("--passphrase", is_flag=True, help="Ask for the passphrase of the key.")
@click.option(
    "--report", type=int, help="Sign this report too, so that it can be checked without the case."
)
@_OPERATOR
@options.json_option
def sign(
    folder: Path,
    key: Path,
    passphrase: bool,
    report: int | None,
    operator: str | None,
    as_json: bool,
) -> int:
    """Sign the current log and thereby every file in the case.

    Needs cryptography: pip install 'imgcheck[sign]'.

    \b
    Example:
      imgcheck case sign euphrates/ --key newsroom.pem
    """
    from imgcheck import custody

    secret = _ask("Passphrase", confirm=False) if passphrase else None
    data = custody.read_small_file(key)
    with custody.CustodyFolder(folder, operator=operator) as case:
        signature = custody.sign(case, data, passphrase=secret, report=report)
        head, recovered = case.head, case.recovered
    return _done(
        head,
        recovered,
        as_json,
        f"signed up to line {signature.lines} by the key {signature.fingerprint}",
        signed=documents.Head(line=signature.lines, sha256=signature.sha256),
        fingerprint=signature.fingerprint,
    )


@command.command("check-report")
@click.argument("report", metavar="REPORT.json", type=click.Path(path_type=Path))
@click.argument("signature", metavar="SIGNATURE.json", type=click.Path(path_type=Path))
@click.option("--public-key", metavar="PEM", required=True, type=click.Path(path_type=Path))
@options.json_option
def check_report(report: Path, signature: Path, public_key: Path, as_json: bool) -> int:
    """Check a report and its signature, without the case.

    The signature is one that 'case sign --report N' wrote. Needs cryptography.

    \b
    Example:
      imgcheck case check-report report.json 0001.json --public-key newsroom.pub.pem
    """
    from imgcheck import custody

    found = custody.check_report(
        custody.read_small_file(report, most=_MOST_REPORT_BYTES),
        custody.read_small_file(signature),
        public_key=custody.read_small_file(public_key),
    )
    if as_json:
        print_document(
            documents.CaseCheckReportDocument(
                signed=True, fingerprint=found.fingerprint, case=found.case
            )
        )
    else:
        say(f"the report was signed by the key {found.fingerprint} and is unchanged")
    return 0


@command.command("export")
@_DIR
@click.option(
    "-o", "--output", required=True, type=options.Output(dir_okay=False), help="File to write."
)
@options.force_option
@options.json_option
def export(folder: Path, output: Path, force: bool, as_json: bool) -> int:
    """Write the log as CASE/UCO JSON-LD, for other forensic tools.

    \b
    Example:
      imgcheck case export euphrates/ -o euphrates.jsonld
    """
    from imgcheck import custody
    from imgcheck.imaging.output import write_output

    if output.resolve().is_relative_to(folder.resolve()):
        raise UsageError("an export belongs outside the case folder; name another --output")
    history = custody.read(folder)
    write_output(output, custody.export(history), replacing=options.replacing(force=force))
    if as_json:
        lines = len(history.lines)
        print_document(documents.CaseExportDocument(file=str(output), lines=lines))
    else:
        say(f"{len(history.lines)} lines written to {output!s}")
    return 0


def _ask(words: str, *, confirm: bool) -> bytes:
    given: str = click.prompt(words, hide_input=True, confirmation_prompt=confirm, err=True)
    return given.encode()


def _done(head: Any, recovered: str, as_json: bool, words: str, **more: Any) -> int:
    if as_json:
        print_document(documents.CaseStepDocument(head=_head(head), recovered=recovered, **more))
        return 0
    say(words)
    _say_recovered(recovered)
    _say_head(head)
    return 0


def _head(head: Any) -> documents.Head:
    return documents.Head(line=head.lines, sha256=head.sha256)


def _say_head(head: Any) -> None:
    say(f"head: line {head.lines}, {head.sha256}")


def _say_recovered(words: str) -> None:
    if words:
        say(f"an interrupted step was found and logged: {words}", err=True)
