"""Published data sets with known results, as R's metadat ships them."""

import pandas as pd

# Colditz et al. (1994), 13 trials of the BCG vaccine, metadat::dat.bcg: cases and not, vaccinated and not.
_BCG = [
    ("Aronson", 4, 119, 11, 128, 44, "random"),
    ("Ferguson & Simes", 6, 300, 29, 274, 55, "random"),
    ("Rosenthal et al 1960", 3, 228, 11, 209, 42, "random"),
    ("Hart & Sutherland", 62, 13536, 248, 12619, 52, "random"),
    ("Frimodt-Moller et al", 33, 5036, 47, 5761, 13, "alternate"),
    ("Stein & Aronson", 180, 1361, 372, 1079, 44, "alternate"),
    ("Vandiviere et al", 8, 2537, 10, 619, 19, "random"),
    ("TPT Madras", 505, 87886, 499, 87892, 13, "random"),
    ("Coetzee & Berjak", 29, 7470, 45, 7232, 27, "random"),
    ("Rosenthal et al 1961", 17, 1699, 65, 1600, 42, "systematic"),
    ("Comstock et al 1974", 186, 50448, 141, 27197, 18, "systematic"),
    ("Comstock & Webster", 5, 2493, 3, 2338, 33, "systematic"),
    ("Comstock et al 1976", 27, 16886, 29, 17825, 33, "systematic"),
]
BCG = pd.DataFrame(
    [(name, a, a + b, c, c + d, latitude, how) for name, a, b, c, d, latitude, how in _BCG],
    columns=["study", "events_treated", "total_treated", "events_control", "total_control", "latitude", "allocation"],
)

# Rare events, with an empty cell in three of five studies.
RARE = pd.DataFrame(
    [(0, 60, 2, 58), (3, 80, 5, 82), (1, 55, 0, 60), (0, 40, 3, 41), (4, 120, 9, 118)],
    columns=["events_treated", "total_treated", "events_control", "total_control"],
)

# Normand (1999), length of stay after stroke, metadat::dat.normand1999.
STAY = pd.DataFrame(
    [
        (155, 55, 47, 156, 75, 64),
        (31, 27, 7, 32, 29, 4),
        (75, 64, 17, 71, 119, 29),
        (18, 66, 20, 18, 137, 48),
        (8, 14, 8, 13, 18, 11),
        (57, 19, 7, 52, 18, 4),
        (34, 52, 45, 33, 41, 34),
        (110, 21, 16, 183, 31, 27),
        (60, 30, 27, 52, 23, 20),
    ],
    columns=["n_treated", "mean_treated", "sd_treated", "n_control", "mean_control", "sd_control"],
)
