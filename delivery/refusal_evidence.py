"""Distinguishing refusals of a recipient from refusals of the sender, by what else the server accepts."""

from typing import Final
from uuid import UUID

from bulksend.delivery.smtp.outcomes import Accepted, Deferred, Outcome, ServerTrouble, about_us

# After this many unclear refusals of different documents in a row, the sender is considered refused.
FEW: Final = 3


class RefusalEvidence:
    """A worker's knowledge of whether the server accepts mail from this sender."""

    def __init__(self) -> None:
        self._has_accepted = False
        self._in_doubt: set[UUID] = set()

    def judge(self, document_id: UUID, outcome: Outcome) -> Outcome:
        """Return the outcome, or the trouble with the server that it may stand for.

        An unclear refusal for good counts once the server takes other mail, and an unclear one for now at once; but
        neither when `FEW` documents in a row have met it with nothing accepted in between.
        """
        if isinstance(outcome, Accepted):
            self._has_accepted = True
            self._in_doubt.clear()
        trouble = about_us(outcome)
        if trouble is None or isinstance(outcome, ServerTrouble):
            return outcome
        self._note_doubt(document_id)
        return outcome if self._is_about_the_mail(outcome) else trouble

    def _note_doubt(self, document_id: UUID) -> None:
        if len(self._in_doubt) <= FEW:
            self._in_doubt.add(document_id)
        if len(self._in_doubt) > FEW:
            self._has_accepted = False

    def _is_about_the_mail(self, outcome: Outcome) -> bool:
        return len(self._in_doubt) <= FEW and (self._has_accepted or isinstance(outcome, Deferred))
