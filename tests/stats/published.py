"""Rows that papers, books and programs print their figures of."""

from __future__ import annotations

DARWIN: list[float] = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Cross-fertilised minus self-fertilised maize, in eighths of an inch (Darwin 1876, in scipy's documentation)."""

THROMBOLYSIS = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000),
]
"""The fifteen p-values of section 4.1 of Benjamini and Hochberg (1995)."""

FOURTEEN = [
    *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
    *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
]
"""Fourteen raters of ten subjects: the worked example of Fleiss' kappa in Wikipedia."""

DIAGNOSES = [
    [int(rating) for rating in str(unit)]
    for unit in (
        *(444444, 222555, 233335, 555555, 222444, 113333, 333355, 113334, 114444, 555555),
        *(144444, 124444, 222333, 144444, 224445, 333335, 111455, 111112, 224444, 133555),
        *(555555, 244444, 224555, 114444, 144445, 222224, 111155, 224444, 133333, 555555),
    )
]
"""Six psychiatrists' diagnoses of thirty patients, in five categories: Fleiss (1971), R's irr data `diagnoses`."""

OBSERVERS: list[list[int | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Four observers of twelve units: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), part C."""

ANXIETY = [
    [int(mark) for mark in rater] for rater in ("33345523522615221243", "36462424332333221334", "21443216111233113322")
]
"""Three raters' marks from 1 to 6 of twenty people: R's irr data `anxiety`."""

CLINIC = [
    [
        *(2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84),
        *(2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02),
    ],
    [
        *(4.00, 3.26, 4.14, 3.42, 3.25, 4.34, 4.97, 4.31, 3.11, 3.41, 5.02, 4.21, 4.59, 5.30, 4.32),
        *(3.76, 3.66, 3.65, 3.60, 3.48, 2.87, 3.24, 3.92, 3.99, 4.21, 4.21, 3.31, 3.61, 2.97, 2.73),
    ],
]
"""Two visits of two groups of fifteen patients: the data `clinic` of statsmodels' tests."""
