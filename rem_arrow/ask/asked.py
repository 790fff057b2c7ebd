"""A question as a planner gets it, with the vocabulary, the session and the time to read it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rem_arrow.ask.lexicon import Lexicon
from rem_arrow.ask.record import Record
from rem_arrow.ask.session import Session
from rem_arrow.ask.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Asked:
    """A question.

    Attributes:
        now: the time from which "yesterday" is counted.
        lexicon: the phrases of the vocabulary.
        before: the question before in the conversation, for "them" and "only the open ones".
        table: the table that the answer is looked for in first; None leaves the choice to the planner.
    """

    text: str
    vocabulary: Vocabulary
    session: Session
    now: datetime
    lexicon: Lexicon
    table: str | None = None
    before: Record | None = None
