"""The models: one file each, listed here by name. A new model needs one line in ``MODELS``."""

from moviegenre.core.errors import ConfigError, did_you_mean
from moviegenre.models.attention_fusion import AttentionFusionConfig
from moviegenre.models.base import ModelConfig
from moviegenre.models.bert import BertConfig
from moviegenre.models.cnn import CNNConfig
from moviegenre.models.early_fusion import EarlyFusionConfig
from moviegenre.models.ensemble import EnsembleConfig
from moviegenre.models.late_fusion import LateFusionConfig
from moviegenre.models.lstm import LSTMConfig
from moviegenre.models.prior import PriorConfig
from moviegenre.models.resnet import ResNetConfig
from moviegenre.models.tfidf import TfidfConfig
from moviegenre.models.wide_deep import WideDeepConfig

MODELS: dict[str, type[ModelConfig]] = {
    config.model_name: config
    for config in (
        PriorConfig,
        TfidfConfig,
        CNNConfig,
        ResNetConfig,
        LSTMConfig,
        BertConfig,
        EarlyFusionConfig,
        LateFusionConfig,
        AttentionFusionConfig,
        WideDeepConfig,
    )
}
"""Every model's config class by name, in the order ``reproduce`` trains them."""


def model_config_class(name: str) -> type[ModelConfig]:
    """Return the config class of a model.

    Raises:
        ConfigError: There is no model with this name; the message suggests a similar name.
    """
    if name == EnsembleConfig.model_name:
        return EnsembleConfig
    if name not in MODELS:
        raise ConfigError(f"unknown model {name!r}; {did_you_mean(name, MODELS)}")
    return MODELS[name]
