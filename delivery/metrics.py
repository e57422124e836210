"""Prometheus metrics of a worker."""

from typing import Final

from prometheus_client import Counter, Gauge

from bulksend.delivery.smtp.outcomes import Accepted, Deferred, Outcome, Refused, Released, ServerTrouble

MAILS: Final = Counter("bulksend_mails", "Mails by what became of the attempt to send them.", ["outcome"])
EXPIRED: Final = Counter("bulksend_mails_expired", "Documents failed because they had waited too long.")
IN_FLIGHT: Final = Gauge("bulksend_mails_in_flight", "Claimed documents whose attempt has not ended.")
UNRECORDED: Final = Gauge("bulksend_results_unrecorded", "Results of attempts that the database does not have yet.")
TAKEN_OVER: Final = Counter("bulksend_mails_taken_over", "Claimed documents taken over from workers that died.")
SEALED: Final = Counter("bulksend_pdfs_sealed", "Documents whose sealed PDF was made and stored.")
SEALINGS_FAILED: Final = Counter("bulksend_sealings_failed", "Attempts to seal a PDF that failed and are made again.")
CIRCUIT_OPEN: Final = Gauge("bulksend_circuit_open", "1 while the mail server itself does not serve.")

_NAMES: Final[dict[type[Outcome], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    Deferred: "deferred",
    ServerTrouble: "server_trouble",
    Released: "released",
}


def count(outcome: Outcome) -> None:
    """Count the outcome of an attempt."""
    MAILS.labels(_NAMES[type(outcome)]).inc()
