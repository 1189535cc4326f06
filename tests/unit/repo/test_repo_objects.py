"""The grammar of raw objects: G1 to G6 and M6, and what honest history holds."""

from contextlib import suppress
from pathlib import Path

import pytest
from gitworld import allowed_signers, commit_files, environment, git, make_key, make_repository, person_variables
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.repo.compose import commit_bytes, ident, signed_commit, signed_tag, tag_bytes, tree_bytes
from agentgov.repo.objects import Ident, ObjectError, TreeEntry, parse_commit, parse_tag, parse_tree

OID, OTHER = "1" * 40, "2" * 40
ARMOUR = b"-----BEGIN SSH SIGNATURE-----\nU1NI\nAAAA\n-----END SSH SIGNATURE-----\n"
WHO = Ident("Ada", "ada@example.com", 1_700_000_000, "+0200")
PLAIN = commit_bytes(OID, [OTHER], WHO, WHO, b"subject\n\nbody\n")
SIGNED = signed_commit(PLAIN, ARMOUR)
TAG = tag_bytes(OID, "commit", "a/b/v1.0.0", WHO, b"release\n")
SIGNED_TAG = signed_tag(TAG, ARMOUR)
GPGSIG = b"gpgsig " + ARMOUR[:-1].replace(b"\n", b"\n ") + b"\n"


def code(raw: bytes, kind: str = "commit", lenient: bool = False) -> str:
    parse = {"commit": parse_commit, "tag": parse_tag, "tree": parse_tree}[kind]
    with pytest.raises(ObjectError) as error:
        parse(raw, lenient)
    return error.value.code


class TestCommit:
    def test_what_we_compose_is_what_we_read(self) -> None:
        commit = parse_commit(SIGNED)
        assert (commit.tree, commit.parents, commit.author, commit.committer) == (OID, (OTHER,), WHO, WHO)
        assert (commit.signature, commit.payload, commit.message) == (ARMOUR, PLAIN, b"subject\n\nbody\n")
        assert parse_commit(PLAIN).signature is None

    def test_g1_two_signature_headers(self) -> None:
        raw = SIGNED.replace(GPGSIG, GPGSIG + GPGSIG)
        assert code(raw) == "object.duplicate-header"
        assert parse_commit(raw, lenient=True).signature is None

    def test_g2_text_after_the_signature(self) -> None:
        raw = SIGNED.replace(b"END SSH SIGNATURE-----\n", b"END SSH SIGNATURE-----\n more\n")
        assert code(raw) == "object.text-after-signature"
        assert code(SIGNED.replace(b"END SSH SIGNATURE-----\n", b"END SSH SIGNATURE-----\n \n")) == (
            "object.text-after-signature"
        )

    def test_g3_two_armoured_blocks(self) -> None:
        raw = SIGNED.replace(GPGSIG, b"gpgsig " + (ARMOUR + ARMOUR)[:-1].replace(b"\n", b"\n ") + b"\n")
        assert code(raw) == "object.second-signature"

    def test_g4_a_header_behind_or_before_the_signature(self) -> None:
        assert code(SIGNED.replace(GPGSIG, GPGSIG + b"x-extra y\n")) == "object.unknown-header"
        assert code(SIGNED.replace(GPGSIG, b"x-extra y\n" + GPGSIG)) == "object.unknown-header"
        assert code(SIGNED.replace(GPGSIG, GPGSIG + b"encoding latin1\n")) == "object.header-order"

    @pytest.mark.parametrize("lenient", [False, True])
    @pytest.mark.parametrize(
        "header", [b"tree " + OTHER.encode(), b"author E <e@x> 1 +0000", b"committer E <e@x> 1 +0000"]
    )
    def test_g5_duplicate_headers(self, header: bytes, lenient: bool) -> None:
        name = header.split()[0]
        line = next(line for line in SIGNED.splitlines() if line.startswith(name))
        for raw in (
            SIGNED.replace(line + b"\n", line + b"\n" + header + b"\n"),
            SIGNED.replace(line + b"\n", header + b"\n" + line + b"\n"),
            SIGNED.replace(b"\n\nsubject", b"\n" + header + b"\n\nsubject"),
        ):
            assert code(raw, lenient=lenient) == "object.duplicate-header"

    def test_g6_nul_bytes(self) -> None:
        assert code(SIGNED.replace(b"body", b"bo\0dy")) == "object.nul"
        assert parse_commit(SIGNED.replace(b"body", b"bo\0dy"), lenient=True).message == b"subject\n\nbo\0dy\n"
        assert code(SIGNED.replace(b"Ada", b"A\0a"), lenient=True) == "object.nul"

    @pytest.mark.parametrize("lenient", [False, True])
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\n\n",
            PLAIN[5:],
            PLAIN.replace(b"tree 1", b"tree A"),
            PLAIN.replace(b"tree 1", b"tree  1"),
            PLAIN.replace(b"parent 2", b"parent 22"),
            PLAIN.replace(b"author ", b"author\n ", 1),
            PLAIN.replace(b"author ", b" author ", 1),
            PLAIN.replace(b"+0200\ncommitter", b"+0200\n more\ncommitter"),
            PLAIN.replace(b"\n\nsubject", b"\nparent " + OID.encode() + b"\n\nsubject"),
            PLAIN.replace(b"committer", b"kommitter"),
            PLAIN + b"x" * 5_000_000,
        ],
    )
    def test_what_could_be_read_in_two_ways_is_always_refused(self, raw: bytes, lenient: bool) -> None:
        code(raw, lenient=lenient)

    @pytest.mark.parametrize(
        "who",
        [
            *(b"Ada <a@x>", b"Ada a@x 1 +0000", b"Ada <a@x> 01 +0000", b"Ada <a@x> 1 0000", b"Ada <a@x> -1 +0000"),
            *(b"A <b> <a@x> 1 +0000", b"Ada <a@x> 1 +0000 ", b"<a@x> 1 +0000"),
        ],
    )
    def test_odd_identities_are_refused_only_when_strict(self, who: bytes) -> None:
        raw = PLAIN.replace(b"author Ada <ada@example.com> 1700000000 +0200", b"author " + who)
        assert code(raw) == "object.bad-ident"
        assert parse_commit(raw, lenient=True).committer == WHO

    def test_lenient_reads_the_address_as_git_does(self) -> None:
        raw = PLAIN.replace(b"author Ada <ada@example.com> 1700000000", b"author A <a@x> <b@x> 12")
        assert parse_commit(raw, lenient=True).author == Ident("A", "a@x", 12, "+0200")

    def test_merge_tags_and_second_hashes_are_history_and_never_signed_for_us(self) -> None:
        raw = SIGNED.replace(GPGSIG, b"mergetag object " + OID.encode() + b"\n type commit\n \n text\n" + GPGSIG)
        raw = raw.replace(GPGSIG, GPGSIG + GPGSIG.replace(b"gpgsig", b"gpgsig-sha256"))
        assert code(raw) == "object.unknown-header"
        assert b"gpgsig" not in parse_commit(raw, lenient=True).payload

    def test_a_newline_in_an_identity_cannot_be_composed(self) -> None:
        assert ident("A\nB<", "a>@\0x", 1) == Ident("AB", "a@x", 1, "+0000")
        with pytest.raises(ObjectError):
            commit_bytes(OID, [], Ident("A\nparent x", "a", 1, "+0000"), WHO, b"")


class TestTag:
    def test_what_we_compose_is_what_we_read(self) -> None:
        tag = parse_tag(SIGNED_TAG)
        assert (tag.object, tag.type, tag.name, tag.tagger) == (OID, "commit", "a/b/v1.0.0", WHO)
        assert (tag.message, tag.signature, tag.payload) == (b"release\n", ARMOUR, TAG)
        assert parse_tag(TAG).signature is None

    def test_text_after_the_signature(self) -> None:
        assert code(SIGNED_TAG + b"more\n", "tag") == "object.text-after-signature"
        assert code(SIGNED_TAG + b"\n", "tag") == "object.text-after-signature"

    def test_two_blocks_of_any_kinds(self) -> None:
        assert code(TAG + ARMOUR + ARMOUR, "tag") == "object.second-signature"
        assert code(TAG + ARMOUR.replace(b"SSH", b"PGP") + ARMOUR, "tag") == "object.second-signature"
        assert code(TAG + ARMOUR[:-1], "tag") == "object.bad-signature-block"
        assert code(TAG + ARMOUR.replace(b"BEGIN SSH SIGNATURE", b"BEGIN SSH SIGNATUREX"), "tag") == (
            "object.bad-signature-block"
        )

    def test_duplicate_unknown_and_missing_headers(self) -> None:
        assert code(TAG.replace(b"type", b"object " + OTHER.encode() + b"\ntype"), "tag") == "object.duplicate-header"
        assert code(TAG.replace(b"\n\n", b"\nx y\n\n"), "tag") == "object.unknown-header"
        assert code(TAG.replace(b"type commit", b"type comet"), "tag") == "object.bad-header"
        assert code(TAG.replace(b"a/b/v1", b"a b/v1"), "tag") == "object.bad-header"
        assert code(TAG.replace(b"release", b"rel\0ase"), "tag") == "object.nul"
        old = b"\n".join(line for line in TAG.split(b"\n") if not line.startswith(b"tagger"))
        assert code(old, "tag") == "object.missing-header"
        assert parse_tag(old, lenient=True).tagger is None


class TestTree:
    def test_what_we_compose_is_sorted_as_git_sorts(self) -> None:
        entries = [TreeEntry(0o40000, b"a", OID), TreeEntry(0o100644, b"a.b", OID), TreeEntry(0o100644, b"a-b", OTHER)]
        parsed = parse_tree(tree_bytes(entries))
        assert [entry.name for entry in parsed] == [b"a-b", b"a.b", b"a"]
        assert parse_tree(b"") == ()

    @pytest.mark.parametrize(
        ("entries", "expected"),
        [
            ([("100644", b"b"), ("100644", b"a")], "tree.unsorted"),
            ([("100644", b"a"), ("100644", b"a")], "tree.duplicate-entry"),
            ([("100644", b"a"), ("100644", b"a.b"), ("40000", b"a")], "tree.duplicate-entry"),
            ([("40000", b"a"), ("100644", b"a.b")], "tree.unsorted"),
            ([("100644", b"..")], "tree.bad-name"),
            ([("40000", b".")], "tree.bad-name"),
            ([("40000", b".GiT")], "tree.bad-name"),
            ([("100644", b"a/b")], "tree.malformed"),
            ([("100644", b"")], "tree.malformed"),
            ([("100600", b"a")], "tree.malformed"),
            ([("040000", b"a")], "tree.malformed"),
            ([("0", b"a")], "tree.malformed"),
        ],
    )
    def test_m6(self, entries: list[tuple[str, bytes]], expected: str) -> None:
        raw = b"".join(mode.encode() + b" " + name + b"\0" + b"\x11" * 20 for mode, name in entries)
        assert code(raw, "tree") == expected
        assert code(raw, "tree", lenient=True) == expected

    def test_an_old_mode_is_history(self) -> None:
        raw = b"100664 a\0" + b"\n" * 20
        assert code(raw, "tree") == "tree.malformed"
        assert parse_tree(raw, lenient=True) == (TreeEntry(0o100664, b"a", "0a" * 20),)

    def test_truncation_is_refused(self) -> None:
        raw = tree_bytes([TreeEntry(0o100644, b"abc", OID), TreeEntry(0o100644, b"b", OID)])
        whole = len(tree_bytes([TreeEntry(0o100644, b"abc", OID)]))
        for size in set(range(1, len(raw))) - {whole}:
            assert code(raw[:size], "tree") == "tree.malformed"


@pytest.fixture(scope="module")
def signed_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A repository whose commit and tag git itself signed."""
    folder = make_repository(tmp_path_factory.mktemp("world") / "r")
    key = make_key(folder.parent)
    env = environment() | person_variables("Ada", "ada@example.com", key)
    commit_files(folder, {"a": "1"})
    git(folder, "commit", "-q", "--allow-empty", "-S", "-m", "signed\n\nbody", env=env)
    git(folder, "tag", "-s", "-m", "words", "a/b/v1.0.0", env=env)
    return folder, key


def test_what_git_signs_is_strict_grammar_and_composes_to_the_same_bytes(signed_world: tuple[Path, Path]) -> None:
    folder, _ = signed_world
    raw = git(folder, "cat-file", "commit", "HEAD") + b"\n"
    commit = parse_commit(raw)
    assert commit.signature is not None
    assert signed_commit(commit.payload, commit.signature) == raw
    raw = git(folder, "cat-file", "tag", "a/b/v1.0.0") + b"\n"
    tag = parse_tag(raw)
    assert tag.signature is not None
    assert signed_tag(tag.payload, tag.signature) == raw


def test_what_we_compose_git_verifies(signed_world: tuple[Path, Path]) -> None:
    folder, key = signed_world
    signers = allowed_signers(folder.parent, {"ada@example.com": key})
    git(folder, "config", "gpg.ssh.allowedSignersFile", str(signers))
    git(folder, "verify-commit", "HEAD")
    git(folder, "verify-tag", "a/b/v1.0.0")


PIECES = st.sampled_from(
    [
        *(b"tree " + b"1" * 40, b"parent " + b"2" * 40, b"author A <a> 1 +0000", b"committer A <a> 1 +0000"),
        *(b"encoding x", GPGSIG[:-1], b"", b" ", b"mergetag x\n y", b"object " + b"3" * 40, b"type commit"),
        *(b"tag t", b"tagger A <a> 1 +0000", b"text", b"\0", ARMOUR[:-1]),
    ]
)


@settings(max_examples=600)
@given(st.lists(PIECES, max_size=9), st.booleans())
def test_any_arrangement_is_read_or_refused_and_strict_has_one_writing(pieces: list[bytes], lenient: bool) -> None:
    raw = b"\n".join(pieces)
    try:
        commit = parse_commit(raw, lenient)
    except ObjectError:
        return
    if not lenient:
        payload = commit.payload
        assert raw == (signed_commit(payload, commit.signature) if commit.signature else payload)
        assert payload.count(b"\ntree ") == 0


@settings(max_examples=400)
@given(st.binary(max_size=200), st.integers(0, 2000), st.booleans())
def test_random_damage_never_raises_anything_else(noise: bytes, place: int, lenient: bool) -> None:
    cut = place % len(SIGNED)
    for raw, parse in ((SIGNED, parse_commit), (SIGNED_TAG, parse_tag), (b"", parse_tree)):
        with suppress(ObjectError):
            parse(raw[:cut] + noise + raw[cut + len(noise) :], lenient)
