"""Refusals that may be about us rather than about one recipient: what else the server takes decides."""

from typing import Final
from uuid import UUID

from bulksend.delivery.smtp.outcomes import Accepted, Deferred, Outcome, ServerTrouble, about_us

# So many different documents in a row may be refused for unclear reasons before that looks like trouble with us.
FEW: Final = 3


class RefusalEvidence:
    """What one worker knows about whether the server takes mail from us at all."""

    def __init__(self) -> None:
        self._has_accepted = False
        self._in_doubt: set[UUID] = set()

    def judge(self, document_id: UUID, outcome: Outcome) -> Outcome:
        """Return the outcome, or the trouble with the server that it may be instead.

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
