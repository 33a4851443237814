// Checks a proof file with Go's own packages, which know nothing of the code that wrote it: the log's signature and a witness's
// cosignature, the entry's inclusion, and the consistency proof of a request to a witness.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A verifier of C2SP tlog-cosignature, version 1: type 0x04.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, []byte(message), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || key[0] != 4 || len(key) != 33 {
		return nil, errors.New("not the key of a cosigner")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || binary.BigEndian.Uint32(id[:]) != uint32(hash) {
		return nil, errors.New("the key's id is wrong")
	}
	return cosigner{parts[0], uint32(hash), ed25519.PublicKey(key[1:])}, nil
}

func parseTree(text string) tlog.Tree {
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

func parseHashes(lines []string) (hashes []tlog.Hash) {
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		check(err)
		hashes = append(hashes, hash)
	}
	return hashes
}

// Lines before the first empty one, and what follows it.
func split(path string) ([]string, []byte) {
	data, err := os.ReadFile(path)
	check(err)
	head, rest, found := bytes.Cut(data, []byte("\n\n"))
	if !found {
		log.Fatal("no empty line")
	}
	return strings.Split(string(head), "\n"), rest
}

// Arguments: the log's key, the witness's key, a proof file, an add-checkpoint request, the checkpoint it begins from.
func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	witness, err := newCosigner(os.Args[2])
	check(err)
	verifiers := note.VerifierList(verifier, witness)

	lines, checkpoint := split(os.Args[3])
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatal("not a proof")
	}
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	check(err)
	var attachment struct{ Entry []byte }
	check(json.Unmarshal(extra, &attachment))
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	check(err)
	opened, err := note.Open(checkpoint, verifiers)
	check(err)
	tree := parseTree(opened.Text)
	check(tlog.CheckRecord(parseHashes(lines[3:]), tree.N, tree.Hash, index, tlog.RecordHash(attachment.Entry)))

	lines, checkpoint = split(os.Args[4])
	newer, err := note.Open(checkpoint, verifiers)
	check(err)
	old, err := os.ReadFile(os.Args[5])
	check(err)
	older, err := note.Open(old, verifiers)
	check(err)
	from, to := parseTree(older.Text), parseTree(newer.Text)
	if lines[0] != fmt.Sprintf("old %d", from.N) {
		log.Fatal("the request begins from another size")
	}
	check(tlog.CheckTree(parseHashes(lines[1:]), to.N, to.Hash, from.N, from.Hash))
	fmt.Printf("entry %d of %d, %d signatures, consistent from %d to %d\n", index, tree.N, len(opened.Sigs), from.N, to.N)
}
