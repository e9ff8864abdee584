"""What a run is estimated to cost: sizes counted by hand, times round rates."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from mscol.config.effective import effective_config
from mscol.errors import DatasetError
from mscol.estimate import (
    DatasetSize,
    Run,
    estimate,
    estimate_jobs,
    estimate_table,
    in_flight_bytes,
    left_table,
    measure_dataset,
    price_jobs,
)
from mscol.io.files import read_csv

WORKFLOW = Path(__file__).parents[3]
RATES = yaml.safe_load((WORKFLOW / "benchmarks" / "rates.yaml").read_text())
SECONDS = 30.0  # 2,998 frames, 7 segments, 30 windows
FRAMES, SEGMENTS, WINDOWS = 2998, 7, 30


def make_run(tmp_path, rates=None, shards_in_flight=2, **given):
    """The paper preset on 10 + 2 + 4 clips of 30 s."""
    root = tmp_path / "root"
    root.mkdir(exist_ok=True)
    config = {
        "preset": "paper",
        "models": ["bass"],
        "datasets": {"mine": {"layout": "fma", "root": str(root)}},
    }
    config |= {"pretraining": {"dataset": "mine", "updates": 100, "validation_every": 1000}} | given
    settings = effective_config(config, WORKFLOW / "presets", WORKFLOW / "schemas" / "config.schema.yaml")
    size = DatasetSize({"train": 10, "validation": 2, "test": 4}, SECONDS, "hand")
    rates = RATES | {"cpu": RATES["cpu"] | {"start": dict.fromkeys(RATES["cpu"]["start"], 0)} | (rates or {})}
    return Run(settings, {"mine": size}, {"mine": 4}, frozenset(), rates, shards_in_flight)


def cost_of(run, stage):
    [cost] = [cost for cost in estimate(run) if cost.stage == stage]
    return cost


def test_separation_costs_its_rate_for_each_second_of_training_and_validation(tmp_path):
    run = make_run(tmp_path, {"separation_second": {512: 0.1, 1024: 0.2}})
    cost = cost_of(run, "separation")
    # A job a shard, and one that fetches the separator
    assert cost.jobs == 4 + 1 and cost.cpu_seconds == pytest.approx(12 * SECONDS * 0.2)


def test_separating_function_is_taken_to_be_as_quick_as_umxl_and_the_table_says_so(tmp_path):
    (tmp_path / "mine.py").write_text("def separate(waveform): ...")
    own = {"callable": f"{tmp_path / 'mine.py'}:separate", "stems": ["bass", "drums"]}
    ours, theirs = (make_run(tmp_path, separation=separation) for separation in (own, {"model": "umxl"}))
    cost, expected = cost_of(ours, "separation"), cost_of(theirs, "separation")
    assert cost.cpu_seconds == expected.cpu_seconds and cost.jobs == expected.jobs - 1, "nothing is fetched"
    assert cost_of(ours, "stems").kept_bytes == cost_of(theirs, "stems").kept_bytes / 2
    printed = "assumed to be as fast as Open-Unmix umxl"
    assert printed in estimate_table(ours, cores=8) and printed not in estimate_table(theirs, cores=8)


def test_separation_on_a_gpu_goes_by_the_networks_size_too(tmp_path):
    gpu = RATES["gpu"]["separation_second"]
    cost = cost_of(make_run(tmp_path, separation={"model": "umxhq"}), "separation")
    assert cost.gpu_seconds == pytest.approx(12 * SECONDS * gpu[512])
    assert cost_of(make_run(tmp_path), "separation").gpu_seconds == pytest.approx(12 * SECONDS * gpu[1024])


def test_separation_of_a_size_in_between_is_interpolated(tmp_path):
    training = {"hidden_size": 768}
    run = make_run(
        tmp_path,
        {"separation_second": {512: 0.1, 1024: 0.2}},
        separation={"model": "demo", "training": training},
    )
    assert cost_of(run, "separation").cpu_seconds == pytest.approx(12 * SECONDS * 0.15)


def test_encoders_of_cvsm_have_log_mels_of_mixtures_of_their_own(tmp_path):
    (tmp_path / "checkpoint-7.index").touch()
    published = {"checkpoint": str(tmp_path / "checkpoint-7"), "paper": "cvsm"}
    encoders = {"one": published, "two": published}
    once, twice = (
        cost_of(make_run(tmp_path, encoders=encoders, models=models), "log-mels of mixtures")
        for models in (["bass"], ["bass", "one", "two"])
    )
    assert (once.jobs, twice.jobs) == (4, 8) and twice.kept_bytes == 2 * once.kept_bytes


def test_perturbed_test_clips_are_analysed_embedded_and_scored_for_each_perturbation(tmp_path):
    given = {"models": ["bass", "mfcc"], "seeds": [1, 2]}
    rates = {
        "perturbed_second": {"noise": 0.001, "mp3": 0.01},
        "mixture_mels_second": 0.002,
        "function_second": 0.02,
    }
    stages = {cost.stage for cost in estimate(make_run(tmp_path, rates, **given))}
    assert not {"perturbed clips", "perturbed embeddings"} & stages
    evaluation = {"perturbations": ["noise10", "noise20", "mp3-32"]}
    run = make_run(tmp_path, rates, **given, evaluation=evaluation)
    clips, passes = (cost_of(run, stage) for stage in ("perturbed clips", "perturbed embeddings"))
    # Log-mels of each shard; the function on each seed; scores of each model and seed
    assert clips.jobs == 3 * (4 + 2 + 2 * 2) and passes.jobs == 3 * 2
    by_function = 2 * (0.012 + 3 * 0.02)
    assert clips.cpu_seconds == pytest.approx(4 * SECONDS * (0.012 + 3 * 0.002 + by_function))
    assert passes.cpu_seconds == pytest.approx(3 * 2 * 4 * WINDOWS * RATES["cpu"]["embedding_crop"])
    more = (
        cost_of(run, "tables and figures").jobs
        - cost_of(make_run(tmp_path, **given), "tables and figures").jobs
    )
    assert more == 2 + 1 + 2, "tables of models, the figure, and what is gathered"


def test_pretraining_costs_its_rate_for_each_pair_of_each_seed(tmp_path):
    run = make_run(tmp_path, {"pretraining_pair": 0.05}, seeds=[1, 2])
    cost = cost_of(run, "pretraining")
    assert cost.cpu_seconds == pytest.approx(2 * 100 * 128 * 0.05)
    assert cost.jobs == 3  # and a plan


def test_an_encoder_of_twice_the_width_costs_three_times_as_much(tmp_path):
    costs = [cost_of(make_run(tmp_path, encoder={"width": w}), "pretraining").cpu_seconds for w in (1.0, 2.0)]
    assert costs[1] == pytest.approx(3 * costs[0])


def test_embeddings_cost_their_rate_for_each_crop(tmp_path):
    cost = cost_of(make_run(tmp_path, {"embedding_crop": 0.01}), "embeddings")
    crops = 12 * SEGMENTS * 8 + 4 * WINDOWS
    assert cost.cpu_seconds == pytest.approx(crops * 0.01)
    assert cost.kept_bytes == crops * 1280 * 4


@pytest.mark.parametrize(("dtype", "n_bytes"), [("float32", 4), ("float16", 2)])
def test_log_mels_are_kept_at_the_size_of_their_type(tmp_path, dtype, n_bytes):
    run = make_run(tmp_path, mels={"dtype": dtype})
    assert cost_of(run, "log-mels of mixtures").kept_bytes == 16 * FRAMES * 64 * n_bytes
    assert cost_of(run, "stems").kept_bytes == 4 * 12 * FRAMES * 64 * n_bytes


@pytest.mark.parametrize(("in_flight", "shards"), [(1, 1), (2, 2), (9, 4)])
def test_disk_at_most_grows_with_the_shards_in_flight_up_to_all(tmp_path, in_flight, shards):
    run = make_run(tmp_path, shards_in_flight=in_flight)
    assert in_flight_bytes(run) == pytest.approx(shards * 3 * SECONDS * 4 * (44_100 + 16_000) * 4)


def test_brought_stems_are_not_separated(tmp_path):
    (tmp_path / "root").mkdir()
    mine = {"layout": "fma", "root": str(tmp_path / "root"), "stems": str(tmp_path / "root")}
    run = make_run(tmp_path, datasets={"mine": mine})
    assert "separation" not in {cost.stage for cost in estimate(run)}
    assert in_flight_bytes(run) == pytest.approx(2 * 3 * SECONDS * 4 * 16_000 * 4)


def test_models_without_stems_make_none(tmp_path):
    stages = {cost.stage for cost in estimate(make_run(tmp_path, models=["mixture", "mfcc"]))}
    assert not {"stems", "separation", "separator"} & stages and "functions" in stages


def test_table_is_aligned_and_says_where_rates_were_measured(tmp_path):
    text = estimate_table(make_run(tmp_path), cores=8)
    rows = text.split("\n\n")[2].splitlines()
    assert rows[0].split()[:2] == ["stage", "jobs"] and rows[-1].startswith("all ")
    assert len({len(row) for row in rows}) == 1
    assert "measured on one NVIDIA H200" in text and "8 cores" in text


def test_estimate_says_what_more_runs_of_training_would_cost(tmp_path):
    run = make_run(
        tmp_path, {"pretraining_pair": 3600 / 128, "head_row": 3600 / 50 / 12 / SEGMENTS, "resample": 0}
    )
    text = estimate_table(run, cores=8)
    assert "One more seed of every encoder would cost 103 CPU hours, or" in text  # 100 updates, three heads
    assert (
        "One more head on every encoder (evaluation/heads_per_encoder) would cost 1.0 CPU hours more." in text
    )


def test_tasks_share_log_mels_and_embeddings_and_have_heads_of_their_own(tmp_path):
    def costs(*tasks):
        datasets = {"mine": {"layout": "nsynth", "root": str(tmp_path / "root"), "tasks": list(tasks)}}
        return {cost.stage: cost for cost in estimate(make_run(tmp_path, datasets=datasets))}

    one, three = costs("family"), costs("family", "pitch", "velocity")
    for stage in ("log-mels of mixtures", "embeddings"):
        assert three[stage] == one[stage]
    assert three["heads"].jobs == 3 * one["heads"].jobs
    assert three["heads"].cpu_seconds == pytest.approx(3 * one["heads"].cpu_seconds)
    assert three["datasets"].jobs == one["datasets"].jobs + 2


def test_heads_cost_their_rate_for_each_of_an_encoder(tmp_path):
    one, three = (
        cost_of(make_run(tmp_path, {"head_row": 0.1}, evaluation={"heads_per_encoder": n}), "heads")
        for n in (1, 3)
    )
    assert one.cpu_seconds == pytest.approx(50 * 12 * SEGMENTS * 0.1)
    assert three.cpu_seconds == pytest.approx(3 * one.cpu_seconds) and three.jobs == one.jobs
    assert three.kept_bytes == 3 * one.kept_bytes


def test_a_run_takes_at_least_as_long_as_one_pretraining_on_its_threads(tmp_path):
    run = make_run(tmp_path, {"pretraining_pair": 3600 * 8 / 128}, framework_threads=8)
    assert "Time on 1000 cores without a GPU: at least 100 hours (the time of one" in estimate_table(
        run, cores=1000
    )


def test_clips_too_short_for_a_window_or_without_a_readable_header_have_a_cost(tmp_path):
    run = make_run(tmp_path, evaluation={"protocols": ["frozen", "knn", "retrieval"]})
    for seconds in (0.0, 0.9):
        size = DatasetSize({"train": 10, "validation": 2, "test": 4}, seconds, "hand")
        short = replace(run, sizes={"mine": size})
        # 4 test clips with a score for each of 8 genres in 4 bytes, under two protocols
        assert cost_of(short, "clip means").kept_bytes == 4 * 8 * 4 * 2


def test_size_comes_from_the_manifest_where_there_is_one(tmp_path):
    manifest = tmp_path / "clips.csv"
    manifest.write_text("id,split,duration\n1,train,10\n2,train,20\n3,test,30\n")
    assert len(read_csv(manifest)) == 3
    size = measure_dataset("fma", tmp_path / "nowhere", {}, manifest)
    assert size.clips == {"train": 2, "validation": 0, "test": 1} and size.seconds == 60
    assert size.source == "its manifest"


def test_size_of_an_embedded_dataset_comes_from_the_config(tmp_path):
    size = measure_dataset(
        "nsynth", "demo/nsynth", {}, tmp_path / "none", {"train": 3, "validation": 2, "test": 1}
    )
    assert size.n_clips == 6 and size.seconds == 24 and "config" in size.source
    assert size.segments("train") == 3 and size.windows == 4


def test_size_of_a_table_comes_from_its_rows_and_some_headers(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000 * 3), 16_000)
    (tmp_path / "b.wav").write_bytes(b"broken")
    (tmp_path / "clips.csv").write_text("path,split,label\na.wav,train,x\nb.wav,test,x\nc.wav,validation,x\n")
    size = measure_dataset("table", tmp_path, {"table": "clips.csv"}, tmp_path / "none")
    assert size.clips == {"train": 1, "validation": 1, "test": 1} and size.clip_seconds == 3
    assert "headers of 1 file" in size.source


def test_missing_metadata_get_a_sentence(tmp_path):
    with pytest.raises(DatasetError, match="annotations_final.csv: there is no such file"):
        measure_dataset("mtat", tmp_path, {"split": "cleaned"}, tmp_path / "none")


def jobs_of(rule, n_jobs, **wildcards):
    return [(rule, wildcards)] * n_jobs


def test_all_jobs_of_a_stage_cost_what_the_stage_does(tmp_path):
    run = make_run(tmp_path, models=["bass", "mixture", "mfcc"], seeds=[1, 2])
    models = ("bass", "mixture")
    jobs = [
        *jobs_of("cache_mixture_mels", 4, dataset="mine"),
        *jobs_of("separate_stems", 4, dataset="mine"),
        *jobs_of("fetch_separator", 1),
        *[job for m in models for job in jobs_of("pretrain_encoder", 2, model=m)],
        *[job for m in models for job in jobs_of("plan_pretraining", 1, model=m)],
        *[job for m in models for job in jobs_of("embed_clips", 2, dataset="mine", model=m)],
        *jobs_of("embed_waveforms", 2, dataset="mine", model="mfcc"),
        *[job for m in (*models, "mfcc") for job in jobs_of("train_probe", 2, dataset="mine", model=m)],
    ]
    costs = estimate_jobs(run, jobs)
    assert [cost.stage for cost in costs] == [
        "separation", "log-mels of mixtures", "pretraining", "embeddings", "functions", "heads"
    ]  # fmt: skip
    for cost in costs:
        whole = cost_of(run, cost.stage)
        assert cost.jobs == whole.jobs
        assert cost.cpu_seconds == pytest.approx(whole.cpu_seconds)
        assert cost.gpu_seconds == pytest.approx(whole.gpu_seconds)
        assert cost.kept_bytes == pytest.approx(whole.kept_bytes)


def test_some_jobs_cost_their_share_and_models_need_not_be_in_the_config(tmp_path):
    run = make_run(tmp_path)
    [mels, embedded] = estimate_jobs(
        run,
        [
            *jobs_of("cache_mixture_mels", 1, dataset="mine"),
            *jobs_of("embed_clips", 1, dataset="mine", model="vocals"),
        ],
    )
    assert mels.cpu_seconds == pytest.approx(cost_of(run, "log-mels of mixtures").cpu_seconds / 4)
    assert embedded.cpu_seconds == pytest.approx(cost_of(run, "embeddings").cpu_seconds)


def test_planning_a_pretraining_costs_next_to_nothing_and_the_pretraining_all_the_rest(tmp_path):
    run = make_run(tmp_path, models=["bass", "mixture"])
    pretraining, planning = price_jobs(
        run, [("pretrain_encoder", {"model": "bass", "seed": "1"}), ("plan_pretraining", {"model": "bass"})]
    )
    whole = cost_of(run.with_more(models=["bass"]), "pretraining")
    assert pretraining == ("pretraining", pytest.approx(whole.cpu_seconds), pytest.approx(whole.gpu_seconds))
    assert planning == ("pretraining", run.start("light", 1), 0.0)


def test_table_of_what_is_left_says_what_all_of_it_costs(tmp_path):
    run = make_run(tmp_path, {"separation_second": {512: 3600 / 360, 1024: 3600 / 360}})
    left = jobs_of("separate_stems", 2, dataset="mine")
    text = left_table(run, left, 2 * left, 2 * left, "results/x.csv", cores=1)
    assert text.startswith("What is left to do of results/x.csv\n\nstage")
    assert "Left: 2 jobs, 0.40 CPU hours, or" in text  # of five jobs, with the one that fetches
    assert "once the manifests are rewritten: 4 jobs, 0.80 CPU hours" in text
    assert "Total from the start: 4 jobs, 0.80 CPU hours" in text
    text = left_table(run, [], [], left, "this run", cores=1)
    assert "\n\nNothing.\n\nTotal from the start" in text
