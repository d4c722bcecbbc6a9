"""Lecture 6 on depth: published errors of deeper and deeper networks, quoted and not measured."""

from kerasdemo.display.style import BLUE, GREEN, INK
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput
from kerasdemo.lecture.demos.figures import SMALL, titled_figure

# Row 21: (network, layers, error in %). Row 23: (layers of 2k units, word error in %).
IMAGENET = (
    ("AlexNet\n2012", 8, 16.4),
    ("VGG\n2014", 19, 7.3),
    ("GoogleNet\n2014", 22, 6.7),
    ("Residual Net\n2015", 152, 3.57),
)
SPEECH = ((1, 24.2), (2, 20.4), (3, 18.4), (4, 17.8), (5, 17.2), (7, 17.1))


def depth_history(context: DemoContext) -> DemoOutput:
    """Quote how error fell with depth: networks for ImageNet, and speech with more layers."""
    lines = [f"{name.replace(chr(10), ' '):18} {n:4} layers {e:6.2f} %" for name, n, e in IMAGENET]
    lines += [f"speech, {n} x 2k units    {e:6.1f} % word error" for n, e in SPEECH]
    claims = (
        ClaimResult(
            "ImageNet's best-known networks became deeper, and their errors lower",
            "8, 19, 22, 152 layers: 16.4, 7.3, 6.7, 3.57 %", "not measured here", "quoted", (21,),
        ),
        ClaimResult(
            "in speech recognition more layers of 2k units have lower errors (Seide 2011)",
            "1 to 7 layers: 24.2 to 17.1 % word error", "not measured here", "quoted", (23,),
        ),
    )  # fmt: skip
    title = "Deeper networks have lower errors (quoted from the lecture, not measured here)"
    drawn = titled_figure(title, 9.0, 4.2)
    left, right = drawn.subplots(1, 2)
    for place, (_, depth, error) in enumerate(IMAGENET):
        left.bar(place, error, color=BLUE, width=0.6)
        text = f"{error:g} %\n{depth} layers"
        left.text(place, error + 0.4, text, ha="center", va="bottom", fontsize=SMALL, color=INK)
    left.set_xticks(range(len(IMAGENET)), [name for name, _, _ in IMAGENET])
    left.grid(visible=False, axis="x")
    left.set(ylabel="error [%]", ylim=(0, 21), yticks=range(0, 21, 5), title="ImageNet")
    depths, errors = zip(*SPEECH, strict=True)
    right.plot(depths, errors, color=GREEN, marker="o")
    for depth, error in SPEECH:
        above = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
        right.annotate(f"{error:g}", (depth, error), **above)
    right.set(
        xlabel="hidden layers of 2,000 units", ylabel="word error [%]", ylim=(0, 28),
        xticks=depths, title="Speech (Seide et al. 2011)",
    )  # fmt: skip
    return DemoOutput(tuple(lines), claims, {"depth_history": drawn})
