"""`python -m raystudy` is `raystudy`, for a Python whose commands are on no path."""

from raystudy.cli import main

main()
