import pytest

from provbench.registry.generation.mini import MAX_TOKENS, new_tokenizer

TEXTS = ["a bird photo of a bird with a red head in the pond background", "a blue wing patch"]


def test_known_words_are_one_token_each() -> None:
    tokenizer = new_tokenizer(TEXTS)

    ids = tokenizer("a blue bird").input_ids

    assert tokenizer.convert_ids_to_tokens(ids)[1:-1] == ["a</w>", "blue</w>", "bird</w>"]
    assert tokenizer.model_max_length == MAX_TOKENS


@pytest.mark.parametrize("name", ["Zorpal finch", "Ørnvåge ü", "鳥", "😀", "a/b", "It's 3 'm"])
def test_every_name_has_tokens(name: str) -> None:
    tokenizer = new_tokenizer(TEXTS)

    ids = tokenizer(name, add_special_tokens=False).input_ids

    assert ids
    assert str(tokenizer.decode(ids)).replace(" ", "") == name.lower().replace(" ", "")


def test_a_name_has_the_same_tokens_within_a_prompt() -> None:
    tokenizer = new_tokenizer(TEXTS)
    name = tokenizer("Zorpal finch", add_special_tokens=False).input_ids

    prompt = tokenizer("a bird photo of a Zorpal finch in the pond background").input_ids

    assert any(prompt[at : at + len(name)] == name for at in range(len(prompt)))


def test_tokenizers_of_the_same_texts_are_the_same() -> None:
    first, *others = (new_tokenizer(TEXTS).backend_tokenizer.to_str() for _ in range(10))

    assert set(others) == {first}
