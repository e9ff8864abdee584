"""An encoder, its card and its exports arrive at the hub byte for byte; what keeps them from it is told in a sentence."""

import pytest
from hub_stand_in import TOKEN, StandIn

from mscol.__main__ import main

huggingface_hub = pytest.importorskip("huggingface_hub")
CARD = "---\nlicense: mit\n---\n# an encoder\n"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    from huggingface_hub import constants

    with StandIn() as stand_in:
        monkeypatch.setattr(constants, "ENDPOINT", stand_in.url)
        monkeypatch.setattr(
            constants, "HF_HUB_DISABLE_XET", True
        )  # its protocol is not spoken here: plain LFS
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield stand_in


@pytest.fixture
def model(tmp_path):
    """What lies in the folder of an encoder, and two exports; files of 1,000 bytes and more are big ones here."""
    folder = tmp_path / "model"
    (folder / "saved" / "variables").mkdir(parents=True)
    (folder / "heads").mkdir()
    (folder / "encoder.keras").write_bytes(bytes(range(256)) * 40)
    (folder / "README.md").write_text(CARD)
    (folder / "run.json").write_text('{"model": "mixture"}')
    (folder / "heads" / "mtat.keras").write_bytes(b"a head")
    (folder / "encoder.onnx").write_bytes(b"\0\1\2" * 1000)
    (folder / "saved" / "saved_model.pb").write_bytes(b"graph")
    (folder / "saved" / "variables" / "variables.index").write_bytes(b"weights")
    return folder


def push(model, *arguments):
    return main(["push", str(model), *map(str, arguments)])


def test_encoder_card_and_exports_arrive_byte_for_byte(hub, model, caplog):
    with caplog.at_level("INFO"):
        exports = ("--export", model / "encoder.onnx", model / "saved")
        assert push(model, "hf://me/mixture", *exports, "--private") == 0
    names = (
        "encoder.keras",
        "README.md",
        "run.json",
        "encoder.onnx",
        "saved/saved_model.pb",
        "saved/variables/variables.index",
    )
    assert hub.repositories["me/mixture"] == {name: (model / name).read_bytes() for name in names}
    assert hub.private["me/mixture"] and len(hub.objects) == 2, "two big files"
    assert f"Uploaded 6 files (0.0 MB) to {hub.url}/me/mixture." in caplog.text
    # Again, into the repository that is there
    (model / "run.json").write_text("{}")
    assert push(model / "encoder.keras", "hf://me/mixture") == 0
    assert hub.repositories["me/mixture"]["run.json"] == b"{}"


def test_nothing_is_uploaded_to_a_public_repository_if_private_is_requested(hub, model, caplog):
    hub.repositories["me/open"], hub.private["me/open"] = {}, False
    assert push(model, "hf://me/open", "--private") == 1
    assert "is public. Make it private there" in caplog.text and not hub.repositories["me/open"]


@pytest.mark.parametrize(
    ("token", "address", "message"),
    [
        ("", "hf://me/x", "not logged in to the hub. Run `hf auth login`"),
        ("hf_other", "hf://me/x", "hf://me/x: the hub does not accept the token"),
        (TOKEN, "hf://you/x", "hf://you/x: the token has no write access there (You don't have the rights"),
        (TOKEN, "https://huggingface.co/me/x", "not an address of the hub. Use hf://USER/NAME"),
    ],
)
def test_failed_upload_reports_its_reason(hub, model, monkeypatch, caplog, token, address, message):
    monkeypatch.setenv("HF_TOKEN", token)
    assert push(model, address) == 1
    assert message in caplog.text and "Traceback" not in caplog.text


def test_unreachable_hub_is_reported(hub, model, caplog, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:1")
    assert push(model, "hf://me/x") == 1
    assert "cannot reach http://127.0.0.1:1" in caplog.text and "internet access" in caplog.text


def test_missing_card_or_missing_export_is_reported(hub, model, caplog, capsys):
    assert push(model, "hf://me/x", "--export", model / "gone.onnx") == 1
    assert "gone.onnx: there is no such file. Write it with mscol export" in caplog.text
    (model / "README.md").unlink()
    assert push(model, "hf://me/x") == 1
    assert "README.md: the encoder has no card" in caplog.text and "me/x" not in hub.repositories
    with pytest.raises(SystemExit, match="2"):
        push(model / "heads", "hf://me/x")
    assert "no encoder.keras found. Give the file" in capsys.readouterr().err
