"""Find the recordings most similar to one, as retrieval does in a dataset, in any table of embeddings."""

import numpy as np
import pandas as pd

from mscol.clip_means.knn import unit_rows


def find_nearest(table, query, most, left_out=()):
    """Find the files of a table whose mean embeddings are most similar to a query's.

    As in retrieval, similarity is the cosine of means after subtracting the mean of the table, because the mean says nothing
    about a single recording.

    Parameters
    ----------
    table : mscol.embeddings.exported.Exported
    query : np.ndarray, shape=(D,)
        Mean embedding of the query.
    most : int
        Number of files to return.
    left_out : collection of str
        Files to leave out, such as the query itself.

    Returns
    -------
    pd.DataFrame
        One row per file, the most similar first, with columns file, similarity (-1 to 1) and, if the table has windows,
        start_seconds: the start of the window that is most similar to the query.
    """
    centre = table.means.mean(axis=0, dtype=np.float64)
    [unit] = unit_rows(query[None], centre)
    similarities = unit_rows(table.means, centre) @ unit
    order = [
        number for number in np.argsort(-similarities, kind="stable") if table.names[number] not in left_out
    ]
    found = pd.DataFrame(
        [(table.names[number], float(similarities[number])) for number in order[:most]],
        columns=["file", "similarity"],
    )
    best = {
        name: starts[np.argmax(unit_rows(values, centre) @ unit)]
        for name, starts, values in table.windows(set(found["file"]))
    }
    return found.assign(start_seconds=found["file"].map(best)) if best else found
