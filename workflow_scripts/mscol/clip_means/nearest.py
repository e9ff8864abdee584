"""Which of many recordings are most like one: what retrieval asks of a dataset, asked of any table of embeddings."""

import numpy as np
import pandas as pd

from mscol.clip_means.knn import unit_rows


def find_nearest(table, query, most, left_out=()):
    """Find the files of a table whose mean embeddings are most like a query's.

    As in retrieval, what is compared is the cosine of means, from all of which the mean of the table is subtracted:
    what all recordings share says nothing of any of them.

    Parameters
    ----------
    table : mscol.embeddings.exported.Exported
    query : np.ndarray, shape=(D,)
        Its mean embedding.
    most : int
    left_out : collection of str
        Files that are not to be found, such as the query itself.

    Returns
    -------
    pd.DataFrame
        A row a file, the most similar first, with columns file, similarity (-1 to 1) and, where the table has windows,
        start_seconds: where the window begins that is most like the query.
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
