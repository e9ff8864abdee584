"""What others report: figures of published systems, for context beside a table, never as a result of ours.

Each was measured by its own protocol on the full dataset, in per cent there. From METHOD, "Where others
stand".
"""

from typing import NamedTuple


class Published(NamedTuple):
    """A system, where it is described, and its figures by layout and metric."""

    system: str
    reference: str
    figures: dict


PUBLISHED = (
    Published(
        "CLMR (linear)",
        "Spijkervet & Burgoyne, ISMIR 2021",
        {("mtat", "roc_auc"): 0.887, ("mtat", "pr_auc"): 0.356},
    ),
    Published("BYOL-A", "Niizumi et al., 2023", {("nsynth", "accuracy"): 0.741, ("fma", "accuracy"): 0.643}),
    Published(
        "MULE",
        "McCallum et al., ISMIR 2022",
        {("mtat", "roc_auc"): 0.914, ("mtat", "pr_auc"): 0.404, ("nsynth", "accuracy"): 0.740},
    ),
    Published(
        "MERT",
        "Li et al., ICLR 2024",
        {("mtat", "roc_auc"): 0.913, ("mtat", "pr_auc"): 0.402, ("nsynth", "accuracy"): 0.726},
    ),
    Published(
        "MusicFM",
        "Won et al., ICASSP 2024",
        {("mtat", "roc_auc"): 0.913, ("mtat", "pr_auc"): 0.400, ("nsynth", "accuracy"): 0.762},
    ),
    Published(
        "MuQ",
        "Zhu et al., 2025",
        {("mtat", "roc_auc"): 0.914, ("mtat", "pr_auc"): 0.403, ("nsynth", "accuracy"): 0.792},
    ),
)
