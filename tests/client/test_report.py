"""Writing the outcome of `bulksend send` to a file."""

import csv
import io

from bulksend.client.recipients import Recipient
from bulksend.client.report import outcome_csv
from bulksend.client.send import Outcome

HEADER = ["line", "name", "email", "document_id", "delivery_status", "error_code", "error_message"]


def outcome(name: str) -> Outcome:
    recipient = Recipient(line=2, cells={"name": name, "email": "zoe@example.com"}, values={})
    return Outcome(recipient, "doc_1", "FAILED", "MAILBOX_UNAVAILABLE", 'said "no", twice\nand left')


def test_an_outcome_for_programs() -> None:
    written = outcome_csv([outcome("Zoë, 王小明")])
    assert list(csv.reader(io.StringIO(written.decode("utf-8"), newline=""))) == [
        HEADER,
        ["2", "Zoë, 王小明", "zoe@example.com", "doc_1", "FAILED", "MAILBOX_UNAVAILABLE", 'said "no", twice\nand left'],
    ]


def test_an_outcome_for_excel() -> None:
    written = outcome_csv([outcome("Zoë\t王小明"), outcome("=1+1")], excel=True)
    assert written.startswith(b"\xff\xfe")
    text = written.decode("utf-16")
    assert text.startswith("\t".join(HEADER) + "\r\n")
    _, first, second = csv.reader(io.StringIO(text, newline=""), dialect="excel-tab")
    assert first[1] == "Zoë\t王小明"
    assert first[-1] == 'said "no", twice\nand left'
    assert second[1] == "'=1+1"
