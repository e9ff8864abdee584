"""The table of labels of the start page."""

import re

import pandas as pd

from mscol.overview.labels import label_table


def write_labels(path, protocols):
    """Write the table of labels of one model, with an F1 for each protocol."""
    rows = [
        {"protocol": protocol, "test_list": "all", "label_fraction": 1, "label": label, "n_positive": 20,
         "n_train": 80, "n_groups": 5, "f1": f1, "f1_low": f1 - 0.1, "f1_high": f1 + 0.1}
        for protocol, f1 in protocols.items()
        for label in ("jazz", "rock")
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_models_are_compared_by_one_protocol(tmp_path):
    """A function of mfcc cannot be finetuned."""
    files = {
        "mixture": write_labels(tmp_path / "a.csv", {"finetuned": 0.9, "knn": 0.5}),
        "mfcc": write_labels(tmp_path / "b.csv", {"knn": 0.7}),
    }
    page = label_table("fma", files, [])
    assert "(kNN)" in page and "finetuned" not in page
    assert len(re.findall(r"best[^<]*>[^<]*0\.700", page)) == 2 and "0.500" in page and "0.900" not in page


def test_model_without_the_protocol_of_the_others_has_no_value(tmp_path):
    files = {
        name: write_labels(tmp_path / f"{name}.csv", protocols)
        for name, protocols in {"a": {"finetuned": 0.9}, "b": {"knn": 0.5}, "c": {"knn": 0.6}}.items()
    }
    page = label_table("fma", files, [])
    assert "0.900" not in page and "0.500" in page and page.count("–") + page.count("—") >= 2
