"""`raystudy analyze`: conclude from the finished trials of a study, on the terminal and as a report."""

from rich.console import Console

from raystudy.cli.arguments import Folder
from raystudy.record.archive import Archive


def analyze(folder: Folder) -> None:
    """
    Analyse the finished trials of a study: the answer, the doubts, tables; writes report.md and report.html.

    Needs neither ray nor torch.

    Example: `raystudy analyze data/studies/efficiency-laptop`
    """
    conclude(Archive(folder), Console(), brief=False)


def conclude(archive: Archive, console: Console, *, brief: bool) -> None:
    """Analyse what an archive holds, show it, and write the reports."""
    from raystudy import report
    from raystudy.analysis import KINDS

    study = archive.study()
    with archive.reading():
        trials = archive.table().collect()
    findings = KINDS[study.kind].analyse(study, trials, archive.baselines())
    report.show(findings, console, brief=brief)
    paths = archive.write_report(
        markdown=report.render_markdown(findings),
        html=report.render_html(findings),
        charts=report.chart_svgs(findings),
    )
    console.print("Report: " + ", ".join(str(path) for path in paths), soft_wrap=True)
