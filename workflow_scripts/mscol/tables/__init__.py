"""Tables: the results of one model on one dataset, and the differences between models.

`measured` computes the metrics of scores and of their resamples, `queries` those of retrieval and artist similarity.
`results` writes a table and the resamples, and `comparison` compares models with these resamples. `summary` collects the
rows of all tables and adds chance levels; `robustness` compares results on perturbed clips.
"""

from mscol.tables.comparison import compare_models
from mscol.tables.results import Evaluation, write_results_table

__all__ = ["Evaluation", "compare_models", "write_results_table"]
