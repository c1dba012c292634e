"""Colours and sizes of the charts.

The data colours are Okabe and Ito's, which people with any kind of colour blindness tell apart
(Wong, "Points of view: Color blindness", Nature Methods 8, 441, 2011).
`page.css` turns each of them to a lighter sister in dark mode, by its hex code: change them in both places.
"""

INK = "#1f2933"
MUTED = "#52606d"
GRID = "#e4e7eb"
ZERO = "#7b8794"

MEAN = "#0072b2"
EACH = "#9fb3c8"
UNSURE = "#8d99a6"

DEVICES = ("#0072b2", "#d55e00", "#009e73", "#8f5fa8")
SPANS = {"load": "#7b8794", "train": "#e69f00", "eval": "#cc79a7", "save": "#009e73"}
OTHER_SPAN = "#56b4e9"

# The converter measures text by Arial's widths; Arial first, so that a still picture fits its text where it is seen.
_FONT = "Arial, 'Helvetica Neue', Helvetica, 'Liberation Sans', Arimo, sans-serif"

CONFIG = {
    "background": "white",
    "font": _FONT,
    "view": {"stroke": None},
    # Marks speak through the figure's title and caption; one aria label a point would make the page ten times longer.
    "mark": {"aria": False},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 12,
        "titleColor": INK,
        "titleFontSize": 12.5,
        "titleFontWeight": 500,
        "titlePadding": 10,
        "gridColor": GRID,
        "domain": False,
        "tickColor": GRID,
        "tickSize": 4,
        "labelPadding": 5,
        "labelLimit": 260,
    },
    "axisX": {"grid": False, "domain": True, "domainColor": ZERO},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 300,
        "symbolStrokeWidth": 2.5,
        "offset": 8,
        # Two legends stand one above the other: side by side, a phone would cut the second off.
        "layout": {"top": {"anchor": "start", "direction": "vertical", "margin": 4}},
    },
}
