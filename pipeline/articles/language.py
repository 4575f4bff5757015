"""In which language an article is written. policywire reads English; others are passed by with a count."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

ENGLISH = "en"

# The commonest English function words that are rare in other Latin-script languages. Counted over the first few
# hundred characters they settle nearly all articles without the slower general model.
_FUNCTION_WORDS = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "is",
        "are",
        "was",
        "were",
        "for",
        "with",
        "that",
        "this",
        "from",
        "by",
        "at",
        "as",
        "be",
        "has",
        "have",
        "had",
        "will",
        "would",
        "its",
        "it",
        "his",
        "her",
        "their",
        "they",
        "he",
        "she",
        "who",
        "which",
        "after",
        "over",
        "into",
        "about",
        "not",
        "but",
        "says",
        "said",
        "more",
        "than",
        "new",
        "how",
        "why",
        "what",
        "when",
        "out",
        "up",
        "could",
        "may",
    ]
)
# Function words of other Latin-script languages, but for those that are English words too. Where one stands the general
# model is asked; names that hold one ("Los Angeles") cost no more than that.
_FOREIGN_WORDS = frozenset(
    "der das dem den und ist nicht mit von ein eine auf im zu wird nach "  # noqa: SIM905 -- German
    "le la les des du et est une un dans pour sur que qui pas avec aux "  # French
    "el los las del y por una con se para lo su "  # Spanish
    "il di che non della dei gli da nel "  # Italian
    "os em uma com dos ao mais "  # Portuguese
    "de het een van voor met zijn bij op niet "  # Dutch
    "och att det som av til og er ikke ja ei "  # Scandinavian, Finnish
    "w na nie jest z ve bir bu dan yang ini untuk dengan".split()  # Polish, Turkish, Indonesian
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_SAMPLE = 250
_MIN_CONFIDENCE = 0.9
_MIN_CONFIDENCE_NO_FUNCTION_WORD = 0.7
_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "THAI": "th",
}


def language(title: str, text: str) -> str:
    """ISO 639-1 code of the language, "" where there is no text to tell it from.

    A headline of a few words is English unless the general model (langid by way of py3langid) is sure that it is
    not: news titles are too short, and too full of names, for a close call. Linear in a sample of 500 characters.
    """
    sample = f"{title[:_SAMPLE]} {text[:_SAMPLE]}"
    words = _WORD.findall(sample.lower())
    if not words:
        return "" if sample.isascii() else _by_script(sample)
    hits = sum(map(_FUNCTION_WORDS.__contains__, words))
    latin = sum(map(len, words))
    english = hits >= 0.12 * len(words)
    # All characters may be letters: where they are few enough, they need not be counted.
    if english and (latin >= 0.6 * len(sample) or sample.isascii()):
        return ENGLISH
    letters = sum(map(str.isalpha, sample)) if not sample.isascii() else 0
    if english and latin >= 0.6 * letters:
        return ENGLISH
    if latin < 0.4 * letters:
        return _by_script(sample)
    if hits and latin >= 0.9 * letters and _FOREIGN_WORDS.isdisjoint(words):
        return ENGLISH
    code, confidence = _general(sample)
    sure = _MIN_CONFIDENCE if hits else _MIN_CONFIDENCE_NO_FUNCTION_WORD
    return ENGLISH if code in ("", ENGLISH) or confidence < sure or len(words) < 5 else code


def _by_script(sample: str) -> str:
    """For text in another script: the general model's answer, else the script's commonest language."""
    code = _general(sample)[0]
    if code and code != ENGLISH:
        return code
    scripts = {unicodedata.name(c, "").partition(" ")[0] for c in sample if c.isalpha()}
    return next((named for script, named in _SCRIPTS.items() if script in scripts), "")


def _general(sample: str) -> tuple[str, float]:
    code, confidence = _model().classify(sample)
    return (str(code) if len(code) == 2 else ""), float(confidence)  # "zxx" is "no language"


@lru_cache(maxsize=1)
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
