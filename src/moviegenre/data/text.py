"""Tokenizers for plots: one class for word pieces and for words, saved as JSON text."""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import BertNormalizer, Lowercase, Normalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, PreTokenizer, Split

from moviegenre.core.errors import PretrainedError
from moviegenre.data.limits import MAX_PLOT_CHARS
from moviegenre.data.records import whole_text
from moviegenre.data.words import word_places

PAD_TOKEN = "[PAD]"  # a word # nosec B105
UNKNOWN_TOKEN = "[UNK]"  # a word # nosec B105
TokenIds = npt.NDArray[np.int32]

NO_WORD = -1
"""The word index of a token without a word, such as the end token."""

_truncation_lock = threading.Lock()  # the maximum length is state of a tokenizer, not an argument


class PlotTokenizer:
    """Turns plots into token ids; its whole state is one JSON text.

    Args:
        json: The JSON text from the ``tokenizers`` library.

    Raises:
        PretrainedError: The text is no tokenizer, or the tokenizer has no padding token.
    """

    def __init__(self, json: str) -> None:
        try:
            self._tokenizer = Tokenizer.from_str(json)
        except Exception as error:  # the Rust side raises plain Exception
            raise PretrainedError(f"the tokenizer cannot be read: {error}") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        pad_id = self._tokenizer.token_to_id(PAD_TOKEN)
        if pad_id is None:
            raise PretrainedError(f"the tokenizer has no {PAD_TOKEN} token; expected a BERT type")
        self.pad_id: int = pad_id

    @classmethod
    def from_folder(cls, folder: Path) -> "PlotTokenizer":
        """Read ``tokenizer.json`` of a pretrained encoder's folder.

        Raises:
            PretrainedError: There is no such file.
        """
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise PretrainedError(f"{path} does not exist; expected a fast tokenizer's file there")
        return cls(path.read_text(encoding="utf-8"))

    @classmethod
    def from_words(cls, plots: Sequence[str], max_words: int) -> "PlotTokenizer":
        """Make a lower-case word vocabulary from the training plots.

        Args:
            plots: The texts to count words in.
            max_words: The size of the vocabulary, the most frequent words first; ties are
                broken alphabetically.
        """
        normalizer, splitter = BertNormalizer(lowercase=True), BertPreTokenizer()
        counts: Counter[str] = Counter()
        for plot in plots:
            pieces = splitter.pre_tokenize_str(normalizer.normalize_str(plot))
            counts.update(word for word, _ in pieces)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(_word_tokenizer(normalizer, splitter, ranked[: max_words - 2]))

    @classmethod
    def from_plain_words(cls, plots: Sequence[str], min_plots: int) -> "PlotTokenizer":
        """Make a lower-case vocabulary without punctuation and words of a single letter.

        Texts are split as scikit-learn's vectorizers do by default.

        Args:
            plots: The texts to count words in.
            min_plots: The minimum number of plots with a word of the vocabulary.
        """
        normalizer = Lowercase()
        splitter = Split(Regex(r"[\p{L}\p{N}_]{2,}"), behavior="removed", invert=True)
        counts: Counter[str] = Counter()
        for plot in plots:
            pieces = splitter.pre_tokenize_str(normalizer.normalize_str(clean_text(plot)))
            counts.update({word for word, _ in pieces})
        words = sorted(word for word, count in counts.items() if count >= min_plots)
        return cls(_word_tokenizer(normalizer, splitter, words))

    @property
    def unknown_id(self) -> int:
        """The token of words that are not in the vocabulary.

        Raises:
            PretrainedError: The tokenizer has no such token.
        """
        unknown_id: int | None = self._tokenizer.token_to_id(UNKNOWN_TOKEN)
        if unknown_id is None:
            raise PretrainedError(f"the tokenizer has no {UNKNOWN_TOKEN} token")
        return unknown_id

    @property
    def vocab_size(self) -> int:
        """The number of tokens, special ones included."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def vocabulary(self) -> dict[str, int]:
        """Every token and its id."""
        return dict(self._tokenizer.get_vocab())

    @cached_property
    def identity(self) -> str:
        """A hash of the tokenizer's state; tokenizers with equal hashes give equal token ids."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the whole state as JSON text."""
        return str(self._tokenizer.to_str())

    def encode(self, plots: Sequence[str], max_tokens: int) -> list[TokenIds]:
        """Return the token ids of each plot, cut to ``max_tokens``; empty for a blank plot.

        Only the first ``limits.MAX_PLOT_CHARS`` characters of a plot are read.

        Args:
            plots: Texts.
            max_tokens: The maximum number of tokens, special tokens included.
        """
        encodings = self._encodings(plots, max_tokens)
        return [
            np.array(encoding.ids if plot.strip() else [], dtype=np.int32)
            for plot, encoding in zip(plots, encodings, strict=True)
        ]

    def token_words(self, plot: str, max_tokens: int) -> npt.NDArray[np.int64]:
        """Return the index of the word of each token from ``encode`` (T,).

        Args:
            plot: A text.
            max_tokens: See ``encode``.

        Returns:
            Indices in ``words.plot_words(plot)``; ``NO_WORD`` for tokens without a word.
        """
        if not plot.strip():
            return np.zeros(0, dtype=np.int64)
        (encoding,) = self._encodings([plot], max_tokens)
        word_indices = word_places(clean_text(plot[:MAX_PLOT_CHARS]))
        return np.array(
            [
                NO_WORD if is_special or start == end else word_indices[end - 1]
                for (start, end), is_special in zip(
                    encoding.offsets, encoding.special_tokens_mask, strict=True
                )
            ],
            dtype=np.int64,
        )

    def tokens_per_letter(self, words: Sequence[str]) -> float:
        """Return the number of tokens of some words, divided by the number of their letters.

        English words need about 0.2; random letters and unknown words 0.5 and more.

        Args:
            words: At least one word; none is empty.
        """
        unknown = self._tokenizer.token_to_id(UNKNOWN_TOKEN)
        encodings = self._tokenizer.encode_batch(list(words), add_special_tokens=False)
        tokens = sum(
            len(word) / 2 if unknown in encoding.ids else len(encoding.ids)
            for word, encoding in zip(words, encodings, strict=True)
        )
        return tokens / sum(map(len, words))

    def _encodings(self, plots: Sequence[str], max_tokens: int) -> list[Encoding]:
        with _truncation_lock:
            self._tokenizer.enable_truncation(max_tokens)
            try:
                texts = [clean_text(plot[:MAX_PLOT_CHARS]) for plot in plots]
                return list(self._tokenizer.encode_batch(texts))
            finally:
                self._tokenizer.no_truncation()


def _word_tokenizer(normalizer: Normalizer, splitter: PreTokenizer, words: Sequence[str]) -> str:
    """Return a tokenizer of words as JSON text."""
    vocabulary = [PAD_TOKEN, UNKNOWN_TOKEN, *words]
    model = WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token=UNKNOWN_TOKEN)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    return str(tokenizer.to_str())


def clean_text(text: str) -> str:
    r"""Return the text stripped, with one space for every run of white space.

    A lone surrogate, as in broken JSON, becomes U+FFFD.

    Example:
        >>> clean_text("  A dog\n comes home. ")
        'A dog comes home.'
    """
    return re.sub(r"\s+", " ", whole_text(text)).strip()
