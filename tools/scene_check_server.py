"""A real llama.cpp server whose vision-language model has two hundred kilobytes and says random words; run by
`scene_check` in an environment of its own.

    python tools/scene_check_server.py FOLDER [--blind] [--key KEY] [--words N]

Writes the model into FOLDER if it is not there, prints the server's address and serves until it is killed.
--blind: it cannot look at pictures. --words: it falls silent after so many.
"""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

import gguf  # type: ignore[import-not-found, import-untyped, unused-ignore]
import numpy as np
import xllamacpp  # type: ignore[import-not-found, import-untyped, unused-ignore]
from numpy.typing import NDArray

WORDS = (
    *("a", "the", "door", "chair", "step", "table", "left", "right", "ahead", "is", "on", "near", "far"),
    *("wall", "two", "metres", "down", "up", "car", "and", "of", "there", "at", "your"),
)
_WIDTH, _INNER, _HEADS = 32, 64, 2
_EYE_WIDTH, _PATCH_PX, _EYE_PX, _EYE_LAYERS = 16, 14, 56, 2
_LIKELY = 2.0
"""How much likelier a word is than a byte."""
_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6

F32 = NDArray[np.float32]


class _Writer:
    """A GGUF file of random numbers."""

    def __init__(self, file: Path, kind: str) -> None:
        self._random = np.random.default_rng(1)
        self.gguf = gguf.GGUFWriter(file, kind)

    def random(self, *shape: int, scale: float = 0.05) -> F32:
        return (self._random.standard_normal(shape) * scale).astype(np.float32)

    def weights(self, name: str, rows: int, columns: int, *, bias: bool) -> None:
        self.gguf.add_tensor(f"{name}.weight", self.random(rows, columns))
        if bias:
            self.gguf.add_tensor(f"{name}.bias", np.zeros(rows, np.float32))

    def norm(self, name: str, width: int, *, bias: bool) -> None:
        self.gguf.add_tensor(f"{name}.weight", np.ones(width, np.float32))
        if bias:
            self.gguf.add_tensor(f"{name}.bias", np.zeros(width, np.float32))

    def write(self) -> None:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()


def write_language(file: Path) -> None:
    """A Llama of one layer, to which words come more easily than bytes."""
    writer = _Writer(file, "llama")
    words = [*("▁" + word for word in WORDS), ".", ",", "▁"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    out = writer.gguf
    out.add_context_length(4096)
    out.add_embedding_length(_WIDTH)
    out.add_block_count(1)
    out.add_feed_forward_length(_INNER)
    out.add_head_count(_HEADS)
    out.add_head_count_kv(_HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(tokens))
    out.add_rope_dimension_count(_WIDTH // _HEADS)
    out.add_tokenizer_model("llama")
    out.add_token_list(tokens)
    out.add_token_scores([0.0] * 3 + [-1e4] * 256 + [-float(index) for index in range(len(words))])
    out.add_token_types([_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(words)])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_chat_template(_TEMPLATE)
    # The first number of every embedding is the same, so that it serves as a bias of the words.
    embedding = writer.random(len(tokens), _WIDTH, scale=1.0)
    embedding[:, 0] = 3.0
    likely = writer.random(len(tokens), _WIDTH, scale=0.3)
    likely[: -len(words), 0] = -_LIKELY
    likely[-len(words) :, 0] = _LIKELY
    out.add_tensor("token_embd.weight", embedding)
    out.add_tensor("output.weight", likely)
    writer.norm("output_norm", _WIDTH, bias=False)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.weights(f"blk.0.{name}", _WIDTH, _WIDTH, bias=False)
    for name in ("ffn_gate", "ffn_up"):
        writer.weights(f"blk.0.{name}", _INNER, _WIDTH, bias=False)
    writer.weights("blk.0.ffn_down", _WIDTH, _INNER, bias=False)
    for name in ("attn_norm", "ffn_norm"):
        writer.norm(f"blk.0.{name}", _WIDTH, bias=False)
    writer.write()


def write_eye(file: Path) -> None:
    """A vision transformer of two layers, of which llama.cpp uses all but the last, and LLaVA's projector."""
    writer = _Writer(file, "clip")
    out = writer.gguf
    out.add_clip_has_vision_encoder(True)
    out.add_clip_projector_type("mlp")
    out.add_vision_image_size(_EYE_PX)
    out.add_vision_patch_size(_PATCH_PX)
    out.add_vision_embedding_length(_EYE_WIDTH)
    out.add_vision_feed_forward_length(2 * _EYE_WIDTH)
    out.add_vision_block_count(_EYE_LAYERS)
    out.add_vision_head_count(2)
    out.add_vision_projection_dim(_WIDTH)
    out.add_vision_attention_layernorm_eps(1e-5)
    out.add_vision_image_mean([0.5] * 3)
    out.add_vision_image_std([0.5] * 3)
    out.add_vision_use_gelu(False)
    patches = (_EYE_PX // _PATCH_PX) ** 2
    out.add_tensor("v.class_embd", writer.random(_EYE_WIDTH))
    out.add_tensor("v.patch_embd.weight", writer.random(_EYE_WIDTH, 3, _PATCH_PX, _PATCH_PX))
    out.add_tensor("v.position_embd.weight", writer.random(patches + 1, _EYE_WIDTH))
    writer.norm("v.pre_ln", _EYE_WIDTH, bias=True)
    for layer in range(_EYE_LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            writer.weights(f"v.blk.{layer}.{name}", _EYE_WIDTH, _EYE_WIDTH, bias=True)
        writer.weights(f"v.blk.{layer}.ffn_down", 2 * _EYE_WIDTH, _EYE_WIDTH, bias=True)
        writer.weights(f"v.blk.{layer}.ffn_up", _EYE_WIDTH, 2 * _EYE_WIDTH, bias=True)
        for name in ("ln1", "ln2"):
            writer.norm(f"v.blk.{layer}.{name}", _EYE_WIDTH, bias=True)
    writer.weights("mm.0", _WIDTH, _EYE_WIDTH, bias=True)
    writer.weights("mm.2", _WIDTH, _WIDTH, bias=True)
    writer.write()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--key")
    parser.add_argument("--words", type=int, default=-1)
    wanted = parser.parse_args()
    language, eye = wanted.folder / "language.gguf", wanted.folder / "eye.gguf"
    if not eye.exists():
        write_language(language)
        write_eye(eye)
    params = xllamacpp.CommonParams()
    params.model.path = str(language)
    if not wanted.blind:
        params.mmproj.path = str(eye)
    if wanted.key:
        params.api_keys = [wanted.key]
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel, params.n_predict = 4096, 1, wanted.words
    params.cpuparams.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(f"LISTENS {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
