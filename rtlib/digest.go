package rtlib

import (
	"crypto/sha256"
	"encoding/hex"
)

// DigestLen is the length of a digest in hexadecimal digits: 64 bits, short enough to read, long enough that two versions of a
// rule do not collide by accident.
const DigestLen = 16

// Digest returns the digest of text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:DigestLen]
}

// SetDigest identifies a rule set by the digests of its rules in load order.
func SetDigest(digests []string) string {
	text := make([]byte, 0, len(digests)*(DigestLen+1))
	for _, d := range digests {
		text = append(append(text, d...), '\n')
	}
	return Digest(View(text))
}
