"""Tables: the results of one model on one dataset, and the differences between models.

`scores` reads what heads say of the test clips, `measured` measures it and its resamples, `results` writes a table;
`comparison` compares models from the resamples that it keeps; `summary` puts the rows of all tables below each other, with what
chance would give.
"""

from mscol.tables.comparison import compare_models
from mscol.tables.results import Evaluation, write_results_table

__all__ = ["Evaluation", "compare_models", "write_results_table"]
