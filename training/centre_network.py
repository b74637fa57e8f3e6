"""The centre-point network, and a training of it that can be broken off. Needs torch.

X. Zhou, D. Wang and P. Kraehenbuehl, "Objects as Points", arXiv:1904.07850, 2019: centres as peaks
of a heat map, focal loss. O. Ronneberger et al., "U-Net", MICCAI 2015: the shape of the network.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

STRIDE = 2


def _block(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class Network(nn.Module):
    """U-Net with nearest-neighbour enlargement; output stride 2, receptive field 119 pixels."""

    def __init__(self, *, planes: int, channels: tuple[int, int, int, int], heads: int) -> None:
        super().__init__()
        a, b, c, d = channels
        self.planes = planes
        self.down1 = nn.Sequential(_block(planes, a, 2), _block(a, a))
        self.down2 = nn.Sequential(_block(a, b, 2), _block(b, b))
        self.down3 = nn.Sequential(_block(b, c, 2), _block(c, c))
        self.down4 = nn.Sequential(_block(c, d, 2), _block(d, d))
        self.side3, self.up3 = nn.Conv2d(d, c, 1), _block(c, c)
        self.side2, self.up2 = nn.Conv2d(c, b, 1), _block(b, b)
        self.side1, self.up1 = nn.Conv2d(b, a, 1), _block(a, 32)
        self.heads = nn.Conv2d(32, heads, 1)
        nn.init.constant_(self.heads.bias[0], -4.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.down1(x)
        two = self.down2(one)
        three = self.down3(two)
        four = self.down4(three)
        up = self.up3(functional.interpolate(self.side3(four), scale_factor=2.0) + three)
        up = self.up2(functional.interpolate(self.side2(up), scale_factor=2.0) + two)
        up = self.up1(functional.interpolate(self.side1(up), scale_factor=2.0) + one)
        return self.heads(up)


def focal(
    logit: torch.Tensor, heat: torch.Tensor, counts: torch.Tensor | float = 1.0
) -> torch.Tensor:
    """Return the focal loss on the heat; ``counts`` is 0 where neither answer is wrong."""
    p = torch.sigmoid(logit).clamp(1e-4, 1 - 1e-4)
    peak = heat > 0.999
    good = -((1 - p) ** 2) * torch.log(p)
    bad = -((1 - heat) ** 4) * p**2 * torch.log(1 - p)
    return (torch.where(peak, good, bad) * counts).sum() / peak.sum().clamp(min=8)


class Course:
    """A training: network, optimiser, running average of the weights, and WORK/checkpoint.pt."""

    def __init__(self, network: Network, work: Path, *, rate: float, total: int) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.work, self.rate, self.total = work, rate, total
        self.network = network.to(memory_format=torch.channels_last)
        self.network.train()
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-4)
        self.average = {k: v.clone() for k, v in network.state_dict().items()}
        self.step = 0
        if (work / "checkpoint.pt").exists():
            last = torch.load(work / "checkpoint.pt", weights_only=True)
            network.load_state_dict(last["network"])
            self.optimiser.load_state_dict(last["optimiser"])
            self.average, self.step = last["average"], last["step"]
        self._start, self._losses = time.process_time(), list[float]()

    def see(self, planes: torch.Tensor) -> torch.Tensor:
        """Return the maps of a batch."""
        # Half precision and this layout halve the time where the processor has bfloat16.
        planes = planes.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.network(planes)
        return out.float()

    def learn(self, loss: torch.Tensor) -> None:
        """Take one step; log and save now and then."""
        # The rate rises over the first 100 steps, and falls by a cosine to a twentieth.
        rate = self.rate * min(1.0, (self.step + 1) / 100)
        rate *= 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * self.step / self.total))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.995, 1 - 1 / (self.step / 5 + 1))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].mul_(keep).add_(value, alpha=1 - keep)
            else:
                self.average[name].copy_(value)
        self._losses.append(float(loss.detach()))
        if self.step % 50 == 0:
            with (self.work / "log.txt").open("a") as log:
                spent, mean = time.process_time() - self._start, sum(self._losses[-50:]) / 50
                log.write(f"step {self.step} cpu {spent:.0f} s loss {mean:.4f}\n")
        if self.step % 250 == 0:
            self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        path = self.work / "checkpoint.pt"
        parts = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save({**parts, "average": self.average, "step": self.step}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)


def parser(description: str, *, total: int) -> argparse.ArgumentParser:
    """Return the options that training and exporting any of the networks share."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--work", type=Path, required=True)
    found.add_argument("--total", type=int, default=total, help="step where the rate has fallen")
    found.add_argument("--steps", type=int, help="step to stop at, by default the total")
    found.add_argument("--rate", type=float, default=2e-3)
    found.add_argument("--seed", type=int, default=20170924)
    found.add_argument("--export", type=Path)
    found.add_argument("--mean", type=Path, nargs="*", default=[], help="average with these")
    return found


def export(network: Network, works: list[Path], target: Path) -> None:
    """Write the averaged network as ONNX: ``picture`` (1, planes, H, W) -> ``maps``.

    Of several checkpoints of one training the weights are averaged (P. Izmailov et al., "Averaging
    Weights Leads to Wider Optima and Better Generalization", UAI 2018).
    """
    saved = [torch.load(work / "checkpoint.pt", weights_only=True) for work in works]
    mean = {
        name: (sum(one["average"][name].float() for one in saved) / len(saved)).to(value.dtype)
        for name, value in saved[0]["average"].items()
    }
    network.load_state_dict(mean)
    network.eval()
    torch.onnx.export(
        network,
        (torch.zeros(1, network.planes, 256, 320),),
        str(target),
        input_names=["picture"],
        output_names=["maps"],
        dynamic_axes={"picture": {2: "h", 3: "w"}, "maps": {2: "h", 3: "w"}},
        opset_version=17,
        dynamo=False,
    )
    count = sum(p.numel() for p in network.parameters())
    steps = [one["step"] for one in saved]
    print(json.dumps({"steps": steps, "weights": count, "bytes": target.stat().st_size}))
