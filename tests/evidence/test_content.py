from bulksend.evidence.content import Content


def test_the_hash_does_not_change_between_versions() -> None:
    content = Content(title="Agreement", nodes=[{"type": "paragraph", "children": [{"type": "text", "text": "Zoë"}]}])
    assert content.sha256() == "1da0b072f110609440a8a47cf7360634750be57e0e26d0a89fb7459ca568dc2d"


def test_another_word_is_another_hash() -> None:
    hashes = {Content(title=title, nodes=[{"type": "text", "text": text}]).sha256() for title in "ab" for text in "ab"}
    assert len(hashes) == 4
