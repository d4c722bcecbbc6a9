"""How many bytes of examples stay in the device's memory."""

from pathlib import Path

import pytest

from kerasdemo.training import device


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 16000; echo 8000", 8000 * 2**20 / 3),  # of two GPUs the smaller
        ("echo '[N/A]'", device.SMALL),
        ("exit 9", device.SMALL),
        (None, device.SMALL),  # no driver of NVIDIA's
    ],
)
def test_a_third_of_a_gpus_memory_is_for_examples(
    script: str | None, expected: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(device.tf.config, "list_physical_devices", lambda _: ["a GPU"])
    device._gpu_bytes.cache_clear()
    assert device.resident_bytes() == expected
    device._gpu_bytes.cache_clear()
    monkeypatch.setenv("KERASDEMO_RESIDENT_BYTES", "1000")
    assert device.resident_bytes() == 1000
