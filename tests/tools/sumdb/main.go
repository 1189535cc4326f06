// Reads an exported ledger with golang.org/x/mod/sumdb, the code behind Go's checksum database, and none of ours.
//
//	sumdb KEY FOLDER
//
// It opens every checkpoint (note), reads every tile through the verifying reader (tlog.TileHashReader), hashes every
// leaf, recomputes the tree, proves up to a thousand leaves and every older tree, and checks the proofs in
// FOLDER/proofs.jsonl, each {"old" or "index": N, "size": N, "path": [base64]}. Prints what it looked at; exit code 1
// where anything differs.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// folder reads tiles from files; Go's paths have the height in them, those of c2sp.org/tlog-tiles do not.
type folder string

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		content, err := os.ReadFile(f.file(tile))
		if err != nil {
			return nil, err
		}
		data = append(data, content)
	}
	return data, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) file(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	return filepath.Join(string(f), "tile", strings.Replace(path, "data/", "entries/", 1))
}

// proof is a line of proofs.jsonl.
type proof struct {
	Old   *int64
	Index *int64
	Size  int64
	Path  []tlog.Hash
}

func main() {
	log.SetFlags(0)
	verifier, err := note.NewVerifier(os.Args[1])
	must(err)
	f := folder(os.Args[2])
	tree := open(filepath.Join(string(f), "checkpoint"), verifier)
	reader := tlog.TileHashReader(tree, f)
	leaves := readLeaves(f, tree.N)
	checkLeaves(tree, leaves, reader)
	anchors, err := filepath.Glob(filepath.Join(string(f), "anchors", "*"))
	must(err)
	for _, anchor := range anchors {
		old := open(anchor, verifier)
		path, err := tlog.ProveTree(tree.N, old.N, reader)
		must(err)
		must(tlog.CheckTree(path, tree.N, tree.Hash, old.N, old.Hash))
	}
	proofs := checkProofs(string(f), reader, leaves)
	fmt.Printf("%d leaves, %d anchors, %d proofs\n", len(leaves), len(anchors), proofs)
}

// open is note.Open and the three lines of a checkpoint: tlog.ParseTree knows only the name of Go's own log.
func open(file string, verifier note.Verifier) tlog.Tree {
	content, err := os.ReadFile(file)
	must(err)
	opened, err := note.Open(content, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		log.Fatalf("%s is no checkpoint of %s", file, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

func readLeaves(f folder, size int64) [][]byte {
	var leaves [][]byte
	for first := int64(0); first < size; first += 1 << height {
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: 1 << height}
		if size-first < 1<<height {
			tile.W = int(size - first)
		}
		rest, err := os.ReadFile(f.file(tile))
		must(err)
		for len(rest) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(rest))
			leaves = append(leaves, rest[2:end])
			rest = rest[end:]
		}
	}
	if int64(len(leaves)) != size {
		log.Fatalf("there are %d leaves and not %d", len(leaves), size)
	}
	return leaves
}

// checkLeaves builds the tree again from its leaves, and proves a thousand of them out of the tiles.
func checkLeaves(tree tlog.Tree, leaves [][]byte, tiles tlog.HashReader) {
	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for n, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(n), leaf, own)
		must(err)
		stored = append(stored, hashes...)
		if n%(len(leaves)/1000+1) != 0 && n != len(leaves)-1 {
			continue
		}
		path, err := tlog.ProveRecord(tree.N, int64(n), tiles)
		must(err)
		must(tlog.CheckRecord(path, tree.N, tree.Hash, int64(n), tlog.RecordHash(leaf)))
	}
	root, err := tlog.TreeHash(tree.N, own)
	must(err)
	if root != tree.Hash {
		log.Fatalf("the root of the leaves is %v, and %v was signed", root, tree.Hash)
	}
}

// checkProofs checks proofs that were made elsewhere, and that they are those that Go makes.
func checkProofs(f string, reader tlog.HashReader, leaves [][]byte) int {
	content, err := os.ReadFile(filepath.Join(f, "proofs.jsonl"))
	must(err)
	count := 0
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); count++ {
		var p proof
		must(json.Unmarshal(lines.Bytes(), &p))
		root, err := tlog.TreeHash(p.Size, reader)
		must(err)
		if p.Index != nil {
			must(tlog.CheckRecord(p.Path, p.Size, root, *p.Index, tlog.RecordHash(leaves[*p.Index])))
			made, err := tlog.ProveRecord(p.Size, *p.Index, reader)
			must(err)
			same(made, p.Path)
			continue
		}
		old, err := tlog.TreeHash(*p.Old, reader)
		must(err)
		must(tlog.CheckTree(p.Path, p.Size, root, *p.Old, old))
		made, err := tlog.ProveTree(p.Size, *p.Old, reader)
		must(err)
		same(made, p.Path)
	}
	return count
}

func same(made, given []tlog.Hash) {
	if fmt.Sprint(made) != fmt.Sprint(given) {
		log.Fatalf("Go makes the proof %v, and here it is %v", made, given)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
