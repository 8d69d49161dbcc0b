"""Word vectors of the LSTM."""

import json
from pathlib import Path

import pytest
import torch

from moviegenre.core.errors import PretrainedError
from moviegenre.models.base import BuildContext
from moviegenre.models.lstm import LSTM, LSTMConfig, read_word_vectors
from tests.tiny_movies import tiny_tokenizer

VECTORS = {"ghost": [1.0, 2.0, 3.0], "unseen": [9.0, 9.0, 9.0]}


def build(**settings: object) -> LSTM:
    config = LSTMConfig.parse({"hidden_dim": 4, **settings}, "the test")
    return config.build(BuildContext(num_labels=2, tokenizer=tiny_tokenizer()))


def test_known_words_start_from_their_vectors(tmp_path: Path) -> None:
    path = tmp_path / "glove.json"
    path.write_text(json.dumps(VECTORS))
    model = build(glove=path, embedding_dim=16)
    vocabulary = tiny_tokenizer().vocabulary
    weight = model.embedding.weight
    assert weight.shape == (len(vocabulary), 3)  # the file sets the size
    assert weight[vocabulary["ghost"]].tolist() == VECTORS["ghost"]
    assert weight[vocabulary["family"]].abs().sum() > 0
    assert weight[tiny_tokenizer().pad_id].tolist() == [0.0] * 3
    assert model.architectures() == {"embedding": {"dim": 3}}


def test_an_architecture_needs_no_file_of_vectors() -> None:
    config = LSTMConfig(glove=Path("gone.json"), hidden_dim=4)
    context = BuildContext(2, tiny_tokenizer(), architectures={"embedding": {"dim": 3}})
    assert config.build(context).embedding.embedding_dim == 3


def test_the_vocabulary_comes_from_the_training_plots() -> None:
    tokenizer = LSTMConfig(max_words=3).load_tokenizer(lambda: ["a dog", "a cat", "a dog"])
    assert set(tokenizer.vocabulary) == {"[PAD]", "[UNK]", "a"}


def test_dropout_between_layers_needs_layers() -> None:
    assert build(num_layers=1, dropout=0.5).lstm.dropout == 0.0  # torch would warn otherwise
    assert build(num_layers=2, dropout=0.5).lstm.dropout == 0.5


def test_the_padding_word_never_moves() -> None:
    model = build()
    model.embedding(torch.tensor([[0, 1, 0]])).sum().backward()
    assert model.embedding.weight.grad is not None
    assert model.embedding.weight.grad[0].abs().sum() == 0


def test_gloves_own_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "glove.6B.3d.txt"
    path.write_text("ghost 1.0 2.0 3.0\n\u0085 0 0 -1e-2\n", encoding="utf-8")
    vectors = read_word_vectors(path)
    assert vectors == {"ghost": VECTORS["ghost"], "\u0085": [0.0, 0.0, -0.01]}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.json", "{", "expected a word and its numbers"),
        ("a.json", "[1, 2]", "expected a word and its numbers"),
        ("a.json", '{"a": 1}', "expected a word and its numbers"),
        ("a.json", '{"a": [1], "b": [1, 2]}', "has vectors of 2 lengths; expected one length"),
        ("a.json", "{}", "has vectors of 0 lengths; expected one length"),
        ("a.txt", "", "has vectors of 0 lengths; expected one length"),
        ("a.txt", "a 1 2\nb 1\n", "has vectors of 2 lengths; expected one length"),
        ("a.txt", "a 1 x\n", "expected a word and its numbers"),
    ],
)
def test_a_file_of_another_form_is_refused(
    tmp_path: Path, name: str, text: str, fault: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(PretrainedError) as error:
        read_word_vectors(path)
    assert str(error.value).startswith(str(path))
    assert str(error.value).endswith(fault)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "glove.json"
    with pytest.raises(PretrainedError) as error:
        read_word_vectors(path)
    assert str(error.value) == (
        f"{path} does not exist; expected a file of word vectors; "
        "name a file of word vectors, or set model.glove=null"
    )
