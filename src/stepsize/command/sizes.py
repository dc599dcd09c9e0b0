"""How much room the course's packages take, as measured on Linux. It needs nothing but Python."""

__all__ = ["CPU_INDEX", "MEGABYTES", "brings_cuda", "torch_has_builds"]

# Downloaded, and needed free on disk, where the downloads are twice during installation, once in
# pip's cache. The course needs 2.2 GB and keeps 1.5, or 5.6 with CUDA.
MEGABYTES = {
    "course": (340, 2200),
    "dev": (430, 2700),
    "dev,bench,workshop,teach,site": (670, 3900),
    "bench": (440, 2700),
    "teach": (340, 2200),
    "site": (380, 2400),
    "cuda": (2900, 11500),
    "workshop": (440, 2800),
}
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BUILT = {("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64")}


def brings_cuda(system: str) -> bool:
    """Does a plain install of torch bring gigabytes that a laptop can't use?"""
    return system == "linux"


def torch_has_builds(system: str, machine: str) -> bool:
    """Whether torch is installed on such a machine, by its marker in pyproject.toml."""
    return (system, machine) in BUILT
