"""From an embedding to logits."""

import pytest
import torch

from moviegenre.core.decisions import probabilities
from moviegenre.core.errors import ConfigError
from moviegenre.nn.heads import ClassificationHead


@pytest.mark.parametrize("hidden_dim", [0, 7])
def test_shapes(hidden_dim: int) -> None:
    head = ClassificationHead(4, 3, hidden_dim=hidden_dim)
    assert head(torch.randn(5, 4)).shape == (5, 3)
    assert len([m for m in head.modules() if isinstance(m, torch.nn.Linear)]) == 1 + (
        hidden_dim > 0
    )


def test_training_starts_at_the_label_frequencies() -> None:
    head = ClassificationHead(4, 3, label_frequencies=[0.5, 0.1, 0.99]).eval()
    expected = torch.tensor([[0.5, 0.1, 0.99]])
    probs = torch.from_numpy(probabilities(head(torch.zeros(1, 4)).detach().numpy()))
    torch.testing.assert_close(probs, expected)


def test_without_frequencies_the_bias_starts_at_zero() -> None:
    assert ClassificationHead(4, 2).output.bias.tolist() == [0.0, 0.0]


def test_the_mean_of_the_members_answers() -> None:
    torch.manual_seed(0)
    head = ClassificationHead(6, 3, hidden_dim=8, dropout=0.0, members=4)
    embedding = torch.randn(1, 6)
    with torch.no_grad():
        answers = torch.cat([head.train()(embedding) for _ in range(200)])
        whole = head.eval()(embedding)
    members = torch.unique(answers, dim=0)
    assert len(members) == 4
    torch.testing.assert_close(members.mean(dim=0, keepdim=True), whole)


def test_a_hidden_layer_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ConfigError, match="a hidden layer of 9 cannot be cut into 4 heads"):
        ClassificationHead(6, 3, hidden_dim=9, members=4)
