"""Reading recipients from CSV: the formats that spreadsheets save, and problems reported by line."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.client.create_input import Sheet
from bulksend.client.csv_text import Problem, UnreadableFile
from bulksend.client.recipients import Recipients, read_recipients


def read(text: str) -> Recipients:
    return read_recipients(text.encode())


def refused(content: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(UnreadableFile) as caught:
        read_recipients(content.encode() if isinstance(content, str) else content)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_our_columns_in_any_case_and_order_and_every_other_as_a_value() -> None:
    found = read("Company,EMAIL,Name,External_ID,Phone,Message,due\nVendor A,a@example.com,Alice,v-1,+1,Hi,June\n")
    (row,) = found.rows
    assert row.line == 2
    assert row.cells == {
        "email": "a@example.com",
        "name": "Alice",
        "external_id": "v-1",
        "phone": "+1",
        "message": "Hi",
    }
    assert row.values == {"Company": "Vendor A", "due": "June"}
    assert found.value_headings == ["Company", "due"]
    assert found.problems == []


def test_a_value_whose_name_is_a_column_of_ours() -> None:
    (row,) = read("name,email,phone,values.phone,VALUES.company\nA,a@example.com,1,2,C\n").rows
    assert row.cells["phone"] == "1"
    assert row.values == {"phone": "2", "company": "C"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_mark_and_line_ends_as_spreadsheets_save_them(delimiter: str, mark: bytes, end: str) -> None:
    lines = [delimiter.join(cells) for cells in (("name", "email", "due"), ("Zoë", "z@example.com", "1. June"))]
    (row,) = read_recipients(mark + end.join(lines).encode()).rows
    assert (row.line, row.cells["name"], row.values) == (2, "Zoë", {"due": "1. June"})


def test_the_delimiter_is_the_header_s_whatever_stands_in_cells() -> None:
    (row,) = read('name;email;"city, or town"\nA;a@example.com;"x;y, z"\n').rows
    assert row.values == {"city, or town": "x;y, z"}


def test_empty_cells_blank_lines_and_space_around_cells_are_nothing() -> None:
    found = read(' name , "email",phone,company\n\n A , a@example.com ,  ,\n ,,,\n\nB,b@example.com\n')
    assert [(row.line, row.cells, row.values) for row in found.rows] == [
        (3, {"name": "A", "email": "a@example.com"}, {}),
        (6, {"name": "B", "email": "b@example.com"}, {}),
    ]
    assert found.header_line == 1


def test_a_row_is_at_the_line_where_it_begins() -> None:
    found = read('\nname,email,message\nA,a@example.com,"one\ntwo\n"\nB,b@example.com,\n')
    assert found.header_line == 2
    assert [(row.line, row.cells.get("message")) for row in found.rows] == [(3, "one\ntwo"), (6, None)]


def test_text_beyond_the_header_is_told_for_every_row() -> None:
    found = read("name,email,,company\nA,a@example.com,,Vendor, Inc\nB,b@example.com,x,C\nC,c@example.com,,,\n")
    hint = "(a comma inside a cell needs double quotes around the cell)"
    assert found.problems == [Problem(2, f"column 5 has no heading {hint}")]
    assert found.notes == [Problem(1, "column 3 has no heading and is not sent")]


def test_columns_without_a_heading_are_noted_once() -> None:
    found = read(",name,email,\n1,A,a@example.com,\n2,B,b@example.com,\n")
    assert (found.problems, found.notes) == ([], [Problem(1, "column 1 has no heading and is not sent")])
    many = read("name,email" + "," * 8 + "\n" + "A,a@example.com" + ",x" * 8 + "\n")
    assert many.notes == [Problem(1, "columns 3, 4, 5, 6, 7 and 3 more have no heading and are not sent")]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Name,E-mail,External ID", ["name", "email", "external_id"]),
        ("FULL NAME,Email Address,externalId", ["name", "email", "external_id"]),
        ("full_name,e_mail,EXTERNAL-ID", ["name", "email", "external_id"]),
        ("name,\u200bemail\ufeff,\u3164Phone", ["name", "email", "phone"]),
        ('"Name","E-Mail" , "message"', ["name", "email", "message"]),
    ],
)
def test_headings_are_known_however_they_are_spelled(header: str, columns: list[str]) -> None:
    (row,) = read(f"{header}\nA,a@example.com,x\n").rows
    assert list(row.cells) == columns


def test_another_name_of_a_column_is_a_value_beside_the_column_itself() -> None:
    (row,) = read("name,Full name,email,Email address\nA,B,a@example.com,b\n").rows
    assert row.cells == {"name": "A", "email": "a@example.com"}
    assert row.values == {"Full name": "B", "Email address": "b"}


def test_merge_fields_are_found_however_their_headings_are_spelled() -> None:
    found = read("name,email,Start Date,end-date,company\nA,a@example.com,1,2,3\n")
    sheet = Sheet.of("f", found, ["start_date", "endDate", "company"])
    assert sheet.headings == {"start_date": "Start Date", "endDate": "end-date", "company": "company"}


def test_many_columns_that_are_not_sent_are_one_note() -> None:
    found = read("name,email," + ",".join(f"c{number}" for number in range(2_000)) + "\nA,a@example.com\n")
    (note,) = Sheet.of("f", found, []).notes()
    assert note.startswith("the columns 'c0', 'c1', 'c2', 'c3', 'c4' and 1995 more are not sent: ")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_separator_line_and_utf_16_with_a_mark(encoding: str, end: str) -> None:
    text = end.join(["sep=;", "name;email;company", "", 'Zoë;z@example.com;"A; B"', "B;b@example.com;,"])
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    found = read_recipients((mark + text).encode(encoding))
    assert found.header_line == 2
    assert [(row.line, row.cells["name"], row.values["company"]) for row in found.rows] == [
        (4, "Zoë", "A; B"),
        (5, "B", ","),
    ]


def test_white_space_around_quotes_does_not_count() -> None:
    found = read('name,email,company\n"Ada Moss" ,ada@example.com,"Harbour, Ltd"  \n\t"B" , "b@example.com",5" pipe\n')
    assert [(row.cells["name"], row.values["company"]) for row in found.rows] == [
        ("Ada Moss", "Harbour, Ltd"),
        ("B", '5" pipe'),
    ]


def test_a_cell_may_be_of_any_length() -> None:
    (row,) = read(f'name,email,notes\nA,a@example.com,"{"x" * 200_000}"\n').rows
    assert len(row.values["notes"]) == 200_000


@pytest.mark.parametrize("header", ['"Contact","email","company"', '"Contact";"email"', "Contact\temail"])
def test_a_heading_that_lacks_is_told_as_that(header: str) -> None:
    assert refused(f'{header}\n"Ada Moss","ada@example.com","Harbour"\n') == [
        (1, "name is missing among the columns of the header")
    ]


def test_a_header_s_problems_are_told_all_at_once() -> None:
    assert refused("\nName,Company,COMPANY,values.company\nA,B,C,D\n") == [
        (2, "email is missing among the columns of the header"),
        (2, "column 3 has the heading of a column before it"),
        (2, "column 4 has the heading of a column before it"),
    ]


@pytest.mark.parametrize("content", ["", "\n\n", " \n", "\ufeff"])
def test_a_file_with_nothing_in_it_lacks_a_header(content: str) -> None:
    assert refused(content) == [(1, "must have a header row with the columns name and email")]


def test_without_a_header_row_both_columns_are_missing() -> None:
    assert [line for line, _ in refused("Alice,a@example.com\n")] == [1, 1]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("name,email\nA,a@example.com\nZoë,z@example.com\n".encode("latin-1"), 3),
        ("name,email\nA,a@example.com\n".encode("utf-16-le"), 1),
        ("name,email\nA,\ud800\n".encode("utf-16", "surrogatepass"), 2),
        (b"name,email\n\n\xc3", 3),
    ],
)
def test_another_encoding_is_told_at_its_line(content: bytes, line: int) -> None:
    assert refused(content) == [(line, "must be UTF-8; save the file as CSV UTF-8")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name,email\nA,a@example.com\n"B,b@example.com\nC,c@example.com\n', 3),
        ('name,email\n"A"x,a@example.com\n', 2),
        ('"name,email\nA,a@example.com\n', 1),
    ],
)
def test_quotes_that_do_not_match_are_told_where_the_row_begins(text: str, line: int) -> None:
    ((told, message),) = refused(text)
    assert told == line
    assert message.startswith("is not well-formed CSV from here on: ")
    assert "example.com" not in message


CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20).map(str.strip)
BROKEN_CELL = st.lists(CELL.filter(bool), min_size=1, max_size=3).map("\n".join)
SOME_CELL = CELL.filter(bool)
ROW = st.tuples(SOME_CELL, SOME_CELL, CELL, BROKEN_CELL | st.just(""), CELL)
HEADER = ("name", "email", "phone", "message", "company")


@given(
    rows=st.lists(ROW, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
@example(rows=[('"', ",;\t'", "", "", "=1")], delimiter=";", quoting=csv.QUOTE_MINIMAL, end="\r\n", mark=b"")
def test_what_is_written_is_read(
    rows: Sequence[tuple[str, ...]], delimiter: str, quoting: int, end: str, mark: bytes
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([HEADER, *rows])  # type: ignore[arg-type]
    found = read_recipients(mark + written.getvalue().encode())
    assert found.problems == []
    assert [
        tuple((row.values if name == "company" else row.cells).get(name, "") for name in HEADER) for row in found.rows
    ] == [tuple(row) for row in rows]
    lines = written.getvalue().split("\n")
    starts = [2 + sum(1 + cell.count("\n") for *_, cell, _ in rows[:index]) for index in range(len(rows))]
    assert [row.line for row in found.rows] == starts
    assert max(starts, default=1) <= len(lines)


@given(st.binary(max_size=300) | st.text(st.sampled_from('name,email;\t\n\r" a@é\0'), max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_with_lines(content: bytes) -> None:
    lines = content.count(b"\n") + content.count(b"\r") + 1
    try:
        found = read_recipients(content)
        told = [(found.header_line, ""), *((row.line, "") for row in found.rows)]
        assert [line for line, _ in told] == sorted({line for line, _ in told})
    except UnreadableFile:
        told = refused(content)
    assert told
    assert all(1 <= line <= lines for line, _ in told)
