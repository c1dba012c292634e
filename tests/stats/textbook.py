"""Data sets of textbooks that several tests compute on."""

import numpy as np

WINER = np.array([[30.0, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]])
"""Reaction times of 5 persons under 4 drugs: B. J. Winer, Statistical Principles, 2nd ed. (1971), table 4.3-1."""

SLEEP = np.array(
    [
        [0.7, 1.9],
        [-1.6, 0.8],
        [-0.2, 1.1],
        [-1.2, 0.1],
        [-0.1, -0.1],
        [3.4, 4.4],
        [3.7, 5.5],
        [0.8, 1.6],
        [0.0, 4.6],
        [2.0, 3.4],
    ]
)
"""Student's own data (Biometrika 6, 1, 1908): t(9) = -4.0621, p = .00283289, mean difference -1.58."""
