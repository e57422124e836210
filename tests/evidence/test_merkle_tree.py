import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend.evidence.merkle_tree import MerkleTree, leaf_hash, node_hash, root_from_proof

leaves = st.lists(st.binary(max_size=40).map(leaf_hash), min_size=1, max_size=70)


def _specified_root(hashes: list[bytes]) -> bytes:
    """Implement RFC 6962, 2.1, literally: split at the largest power of two smaller than n."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(_specified_root(hashes[:split]), _specified_root(hashes[split:]))


def test_known_roots() -> None:
    # The test vectors shared by implementations of RFC 6962 (certificate-transparency, merkle_tree_test).
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [leaf_hash(bytes.fromhex(each)) for each in data]
    assert MerkleTree(hashes[:1]).root.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert MerkleTree(hashes).root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(leaves)
def test_root_is_the_specified_one(hashes: list[bytes]) -> None:
    assert MerkleTree(hashes).root == _specified_root(hashes)


@given(leaves, st.data())
def test_every_leaf_is_proved(hashes: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof = tree.proof(index)
    assert root_from_proof(hashes[index], index, len(hashes), proof) == tree.root
    assert len(proof) <= max(len(hashes) - 1, 0).bit_length()


@given(leaves, st.data())
def test_a_proof_proves_nothing_else(hashes: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof = tree.proof(index)
    assert root_from_proof(leaf_hash(b"another" * 9), index, len(hashes), proof) != tree.root
    for changed in range(len(proof)):
        other = [*proof[:changed], hashlib.sha256(proof[changed]).digest(), *proof[changed + 1 :]]
        assert root_from_proof(hashes[index], index, len(hashes), other) != tree.root


@given(leaves, st.data())
def test_a_proof_of_another_length_is_refused(hashes: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof = MerkleTree(hashes).proof(index)
    with pytest.raises(ValueError, match="too long"):
        root_from_proof(hashes[index], index, len(hashes), [*proof, b"\x00" * 32])
    if proof:
        with pytest.raises(ValueError, match="too short"):
            root_from_proof(hashes[index], index, len(hashes), proof[:-1])


def test_places_outside_the_tree() -> None:
    tree = MerkleTree([leaf_hash(b"a"), leaf_hash(b"b")])
    for index in (-1, 2):
        with pytest.raises(IndexError):
            tree.proof(index)
        with pytest.raises(ValueError, match="outside the tree"):
            root_from_proof(leaf_hash(b"a"), index, 2, [leaf_hash(b"b")])
    with pytest.raises(ValueError, match="at least one leaf"):
        MerkleTree([])


def test_a_leaf_is_no_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
