"""Why a PDF is no proof."""


class VerificationFailed(Exception):
    """A PDF is not a sealed PDF, or was changed after it was sealed; the message says why in plain words."""
