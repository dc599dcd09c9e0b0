"""Translates a log's words from other languages: `Verlust`, `perte`, `pérdida`, `损失`."""

import re
from functools import cache

__all__ = ["in_english"]

# English on the left, what people print for it on the right. Accents may be missing.
WORDS = {
    "train loss": "Trainingsverlust, Trainingsfehler, Verlust (Training), perte d'entraînement, "
    "perte entraînement, pérdida de entrenamiento, pérdida entrenamiento, perda de treino, "
    "perda de treinamento, perdita di addestramento, perdita addestramento, 训练损失, 訓練損失, "
    "学習損失, потери на обучении, 훈련 손실, 학습 손실, trainverlies, trainingsverlies, "
    "strata treningowa, eğitim kaybı",
    "val loss": "Validierungsverlust, Validierungsfehler, Testverlust, Testfehler, "
    "perte de validation, perte validation, perte de test, pérdida de validación, "
    "pérdida validación, pérdida de prueba, perda de validação, perda validação, "
    "perdita di validazione, perdita validazione, validatieverlies, testverlies, "
    "strata walidacyjna, doğrulama kaybı, валидационные потери, потери на валидации, 验证损失, "
    "驗證損失, 测试损失, 验证集损失, 测试集损失, 検証損失, 검증 손실",
    "loss": "Verlust, Verlustwert, perte, pertes, coût, pérdida, pérdidas, perda, perdita, 损失值, "
    "损失, 損失, ロス, потери, потеря, 손실, verlies, strata, kayıp, kaybı, förlust",
    "epoch": "Epoche, epok, epoka, epoke, époque, época, epoca, эпоха, エポック, 轮次, 轮数, "
    "에포크",
    "iteration": "Durchlauf, itération, iteración, iteração, iterazione, итерация, 迭代次数, 迭代, "
    "反復, 반복",
    "step": "Schritt, étape, paso, passo, шаг, 步数, ステップ, 스텝",
    "lr": "Lernrate, taux d'apprentissage, tasa de aprendizaje, taxa de aprendizado, "
    "taxa de aprendizagem, tasso di apprendimento, скорость обучения, 学习率, 學習率, 学習率, "
    "학습률",
    "error": "Fehler, erreur, ошибка, 误差, 誤差",
    "train": "entraînement, entrenamiento, treino, treinamento, addestramento, обучение, 训练, "
    "訓練, 훈련",
    "val": "Validierung, validación, validação, validazione, валидация, 验证, 驗證, 検証, 검증",
}
ACCENTS = {"é": "ée", "è": "èe", "î": "îi", "ó": "óo", "ã": "ãa", "ç": "çc", "á": "áa"}
LETTER = r"[^\W\d_]"
COUNTED = [  # "第3轮" is "the 3rd round"
    (re.compile(r"第\s*(\d+)\s*(?:轮|輪|代|エポック)"), r" epoch \1 "),
    (re.compile(r"第\s*(\d+)\s*(?:步|次迭代|ステップ)"), r" step \1 "),
]


def _pattern(phrase: str) -> str:
    """A phrase as written, or without its accents; a word only if it stands alone."""
    spelled = re.escape(phrase).replace("'", "['’]")
    for letter, either in ACCENTS.items():
        spelled = spelled.replace(letter, f"[{either}]")
    apart = phrase[0] < "\u1100"  # an alphabet, in which words are separated
    return f"(?<!{LETTER}){spelled}(?!{LETTER})" if apart else spelled


PHRASES = {phrase: english for english, row in WORDS.items() for phrase in row.split(", ")}


def in_english(text: str) -> str:
    """The text with a log's usual words in English, and everything else unchanged."""
    for counted, english in COUNTED:
        text = counted.sub(english, text)
    bare = _without_accents(text.lower())
    present = tuple(p for p in PHRASES if _without_accents(p.lower()) in bare)
    return _any_of(present).sub(_english, text) if present else text


def _without_accents(text: str) -> str:
    return text.translate(BARE)


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """The phrases, longest first; only those that occur, because a log can be long."""
    ordered = sorted(phrases, key=len, reverse=True)
    return re.compile("|".join(map(_pattern, ordered)), re.IGNORECASE)


def _english(match: re.Match[str]) -> str:
    bare = _without_accents(match[0].lower())
    english = BY_BARE[bare]
    return english if match[0][0] < "\u1100" else f" {english} "


BARE = str.maketrans({letter: both[1] for letter, both in ACCENTS.items()} | {"’": "'"})
BY_BARE = {_without_accents(phrase.lower()): english for phrase, english in PHRASES.items()}
