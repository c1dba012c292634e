"""Words and paths that the page, the Markdown and the terminal share."""

from raystudy.analysis.findings import Figure

NO_CAVEATS = "None of raystudy's checks raised a doubt."


def chart_path(figure: Figure) -> str:
    """Say where the picture of a figure lies beside the Markdown."""
    return f"charts/{figure.name}.svg"
