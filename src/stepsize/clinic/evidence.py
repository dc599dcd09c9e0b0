"""What is known about the kinds of models that `advise` is asked about, with sources."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["ALSO", "CONVENTION", "HERE", "KINDS", "LITERATURE", "TABLE", "TABLES", "Kind", "Known"]

HERE, LITERATURE, CONVENTION = "measured here", "measured in the literature", "convention"
TABLE, TABLES = "benchmarks/ADVICE.md", "benchmarks/TABLES.md"

ADAM, ADAMW, ADAGRAD = "arXiv:1412.6980", "arXiv:1711.05101", "JMLR 12 (2011), 2121"
RESNET, GOYAL, COSINE = "arXiv:1512.03385", "arXiv:1706.02677", "arXiv:1608.03983"
KAPLAN, GPT3, XIONG = "arXiv:2001.08361", "arXiv:2005.14165", "arXiv:2002.04745"
BERT, MOSBACH = "arXiv:1810.04805", "arXiv:2006.04884"
MALLADI, UNTUNED, CLIPPING = "arXiv:2205.10287", "arXiv:1910.04209", "arXiv:1211.5063"
DCGAN, PPO = "arXiv:1511.06434", "arXiv:1707.06347"
LORA = "arXiv:2106.09685"


class Known(NamedTuple):
    """A number or a name, with the reason, how we know it, and the source."""

    value: Any
    why: str
    grade: str
    source: str


REMEMBERS = Known(
    None,
    "2 / (1 - beta2), twice the memory of Adam's v, but at least 1% of the run and at most 10%",
    LITERATURE,
    UNTUNED,
)
NO_WARMUP = Known(0.0, "none was used", LITERATURE, "")
TO_ZERO = Known("cosine", "down to 0 at the end of the run", LITERATURE, COSINE)
STRAIGHT = Known("linear", "down to 0 at the end of the run", LITERATURE, BERT)


class Kind(NamedTuple):
    """The advice for one kind of model.

    rate: the peak for a long run with batches of `batch`. short: the peak for a run of 300 updates
    of a small model with batches of 64, measured here; None where it was not. hyper: the other
    numbers, by name, and `hyper_why`. warmup: a share of the run, or None for what Adam remembers.
    floor: of the peak, where the schedule ends. clip: a norm, or None. standardize: whether its
    inputs are numbers whose size matters. tables: whether it was tried on small tables, where decay
    and early stopping pay.
    """

    optimizer: Known
    rate: Known
    batch: int
    hyper: Mapping[str, float]
    hyper_why: Known
    decay: Known
    short: float | None = None
    warmup: Known = REMEMBERS
    schedule: Known = TO_ZERO
    floor: float = 0.0
    clip: Known | None = None
    standardize: bool = False
    tables: bool = False


def _adam(beta1: float = 0.9, beta2: float = 0.999) -> dict[str, float]:
    return dict(beta1=beta1, beta2=beta2)


OWN_SCALE = Known("adam", "each parameter gets its own scale", LITERATURE, ADAM)
DECAYING = Known("adamw", "like Adam, but the decay isn't divided by √v", LITERATURE, ADAMW)
DEFAULT = Known(1e-3, "the default, which Adam's authors found good", LITERATURE, ADAM)
USUAL = Known(None, "the defaults", LITERATURE, ADAM)
NO_DECAY = Known(0.0, "first see whether it overfits at all", CONVENTION, TABLE)
LITTLE = Known(0.01, "PyTorch's default", CONVENTION, TABLE)
CLIP = Known(1.0, "as in GPT-3; a bad batch can't undo the run", LITERATURE, GPT3)

KINDS: dict[str, Kind] = {
    "linear": Kind(OWN_SCALE, DEFAULT, 128, _adam(), USUAL, NO_DECAY, short=0.1, standardize=True),
    "mlp": Kind(
        DECAYING,
        DEFAULT,
        128,
        _adam(),
        USUAL,
        LITTLE,
        short=0.015,
        standardize=True,
        tables=True,
    ),
    "resnet": Kind(
        Known("nesterov", "ImageNet's residual networks were trained with it", LITERATURE, GOYAL),
        Known(0.1, "as for ResNet-50 on ImageNet, with BatchNorm", LITERATURE, GOYAL),
        256,
        dict(momentum=0.9),
        Known(None, "from the same recipe", LITERATURE, GOYAL),
        Known(1e-4, "from the same recipe, as a penalty in the gradient", LITERATURE, RESNET),
        short=0.1,
        warmup=Known(5 / 90, "the same share as 5 of 90 epochs", LITERATURE, GOYAL),
    ),
    "convnet": Kind(DECAYING, DEFAULT, 128, _adam(), USUAL, LITTLE, short=0.03, standardize=True),
    "transformer": Kind(
        DECAYING,
        Known(None, "0.00324 − 0.00014 ln(parameters), for language models", LITERATURE, KAPLAN),
        512,
        _adam(0.9, 0.95),
        Known(None, "as in GPT-3, where v remembers fewer updates", LITERATURE, GPT3),
        Known(0.1, "as in GPT-3", LITERATURE, GPT3),
        short=0.006,
        schedule=Known("cosine", "down to a tenth of the peak", LITERATURE, GPT3),
        floor=0.1,
        clip=CLIP,
    ),
    "post-ln transformer": Kind(
        DECAYING,
        Known(1e-4, "as in BERT", LITERATURE, BERT),
        256,
        _adam(),
        Known(None, "as in BERT", LITERATURE, BERT),
        Known(0.01, "as in BERT", LITERATURE, BERT),
        short=0.005,
        warmup=Known(0.1, "the LayerNorm after the sum needs one", LITERATURE, XIONG),
        schedule=STRAIGHT,
        clip=CLIP,
    ),
    "rnn": Kind(
        OWN_SCALE,
        DEFAULT,
        128,
        _adam(),
        USUAL,
        NO_DECAY,
        short=0.03,
        clip=Known(1.0, "the gradients of long sequences explode", LITERATURE, CLIPPING),
    ),
    "pretrained": Kind(
        DECAYING,
        Known(3e-5, "the middle of the range tried for BERT, 2e-5 to 5e-5", LITERATURE, BERT),
        32,
        _adam(),
        Known(None, "as in BERT", LITERATURE, BERT),
        Known(0.01, "as in BERT", LITERATURE, BERT),
        warmup=Known(0.1, "from a recipe whose runs rarely fail", LITERATURE, MOSBACH),
        schedule=STRAIGHT,
        clip=CLIP,
    ),
    "lora": Kind(
        DECAYING,
        Known(2e-4, "as for GPT-2; adapters tolerate more than all weights do", LITERATURE, LORA),
        8,
        _adam(),
        USUAL,
        Known(0.01, "from the same recipe", LITERATURE, LORA),
        warmup=Known(0.06, "as for RoBERTa with LoRA", LITERATURE, LORA),
        schedule=Known("linear", "down to 0 at the end of the run", LITERATURE, LORA),
    ),
    "embeddings": Kind(
        Known("adagrad", "a rare feature keeps its own high rate", LITERATURE, ADAGRAD),
        Known(0.1, "a common starting point", CONVENTION, TABLE),
        128,
        dict(),
        Known(None, "", CONVENTION, TABLE),
        Known(0.0, "a decay would shrink rows that aren't in the batch", CONVENTION, TABLE),
        short=0.5,
        warmup=NO_WARMUP._replace(grade=CONVENTION, source=TABLE),
        schedule=Known("constant", "its own sum already lowers the rate", LITERATURE, ADAGRAD),
    ),
    "gan": Kind(
        Known("adam", "as in DCGAN, for both networks", LITERATURE, DCGAN),
        Known(2e-4, "as in DCGAN, where 0.001 was found too high", LITERATURE, DCGAN),
        128,
        _adam(0.5),
        Known(None, "as in DCGAN: with a beta1 of 0.9, training oscillated", LITERATURE, DCGAN),
        Known(0.0, "as in DCGAN", LITERATURE, DCGAN),
        warmup=NO_WARMUP._replace(source=DCGAN),
        schedule=Known("constant", "as in DCGAN", LITERATURE, DCGAN),
    ),
    "ppo": Kind(
        Known("adam", "as in PPO", LITERATURE, PPO),
        Known(3e-4, "as in PPO on simulated robots", LITERATURE, PPO),
        64,
        _adam(),
        USUAL,
        Known(0.0, "as in PPO", LITERATURE, PPO),
        warmup=NO_WARMUP._replace(source=PPO),
        schedule=Known("linear", "to 0, as PPO did on Atari", LITERATURE, PPO),
    ),
}

# Other names that people use: which kind is meant, and what the advice says about it.
ALSO = {
    "lstm": ("rnn", "An LSTM is treated as an rnn."),
    "gru": ("rnn", "A GRU is treated as an rnn."),
    "cnn": (
        "convnet",
        'Treated as a convnet without BatchNorm; if yours has it, ask for "resnet".',
    ),
    "unet": (
        "convnet",
        "A U-Net is treated as a convnet; none was tried here. For a diffusion model, start the "
        "sweep at 2e-4 or below (arXiv:2006.11239).",
    ),
    "vit": (
        "transformer",
        "A ViT is treated as a transformer with LayerNorm before each block. The rate for long "
        "runs "
        "comes from language models, not images.",
    ),
    "gpt": ("transformer", "A GPT is treated as a transformer with LayerNorm before each block."),
    "llm": (
        "transformer",
        "Treated as a transformer that is trained from scratch. To fine-tune one, ask for "
        '"pretrained"; with adapters, for "lora".',
    ),
}
