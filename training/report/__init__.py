"""The report on a classifier: one page to look at, to print and to pass on, for gestures and for everything else.

Fill a `Report` with what there is (only its evaluation is required) and give it to `write_report`.
"""

from training.report.content import (
    Curve,
    DataSource,
    Report,
    Strip,
    Table,
    Thumbnail,
    Words,
    read_evaluation,
)
from training.report.write import write_report

__all__ = [
    "Curve",
    "DataSource",
    "Report",
    "Strip",
    "Table",
    "Thumbnail",
    "Words",
    "read_evaluation",
    "write_report",
]
