"""Tables: results a person reads at a glance, comparisons of models, and a summary over all of them."""

from mscol.tables.comparison import compare_models
from mscol.tables.results import Evaluation, write_results_table
from mscol.tables.summary import summarise_results

__all__ = ["Evaluation", "compare_models", "summarise_results", "write_results_table"]
