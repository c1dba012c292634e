"""What the README shows is so: its commands, its study file, its output, its links, its tree."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from raystudy.analysis import KINDS
from raystudy.cli.verbs import app
from raystudy.record.archive import Archive
from raystudy.report import show
from raystudy.study import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECORDED = {
    "README.md": "example",
    "docs/dynamics.md": "example_dynamics",
    "docs/composition.md": "example_composition",
}
"""Documents that show what a study says, and the study under data/ that says it."""


@pytest.mark.parametrize("target", ["study", "test"])
def test_the_quick_start_is_in_the_makefile(target: str) -> None:
    """The two commands of the quick start exist."""
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_its_study_file_is_a_study() -> None:
    """Whoever copies it can run it."""
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    study = parse(text, name="README.md")

    assert KINDS[study.kind].check(study) is None


@pytest.mark.parametrize(("document", "recorded"), RECORDED.items(), ids=RECORDED)
def test_the_output_shown_is_that_of_a_recorded_study(document: str, recorded: str) -> None:
    """The answer, the caveats and the tables are what `raystudy run` says of it."""
    archive = Archive(ROOT / "data" / recorded)
    study, text = archive.study(), (ROOT / document).read_text(encoding="utf-8")
    console = Console(file=io.StringIO(), width=100)
    show(KINDS[study.kind].analyse(study, archive.table().collect(), archive.baselines()), console, brief=True)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    shown = re.search(r"study output: begin -->\n```text\n(.*?)```\n<!-- study output: end", text, re.DOTALL)

    assert shown is not None
    assert [line.rstrip() for line in said.strip().splitlines()] == shown.group(1).strip().splitlines()


def test_it_names_every_verb() -> None:
    """A command without documentation fails here."""
    verbs = [command.callback.__name__ for command in app.registered_commands if command.callback]

    assert [] == [verb for verb in verbs if f"`raystudy {verb}" not in README]


def test_its_tree_names_every_file() -> None:
    """A newcomer finds each module in the tree; members of a family, and verbs, stand for themselves."""
    (tree,) = re.findall(r"```\n(pyproject\.toml .*?)```", README, re.DOTALL)
    named = set(re.findall(r"[\w.]+", tree))
    families = {"corpora", "charts", "cli"}
    files = [
        path.name
        for path in (ROOT / "raystudy").rglob("*")
        if path.suffix in {".py", ".html", ".css", ".js"} and not {path.parent.name} & families
    ]

    assert [] == [name for name in files if name not in named | {"__init__.py"}]


@pytest.mark.parametrize(
    "document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
)
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link is a file."""
    links = re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (document.parent / link).exists()]
