// Package vault seals what is secret before it is stored: grants of banks and account numbers. It is AES-256 in GCM, with a
// key that is not kept in the database.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// KeyLength is the length of a key in bytes.
const KeyLength = 32

// Vault seals and opens with one key.
type Vault struct {
	aead cipher.AEAD
	key  []byte
}

// New makes a vault of a key.
func New(key []byte) (*Vault, error) {
	if len(key) != KeyLength {
		return nil, fmt.Errorf("a key has %d bytes, this one has %d", KeyLength, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Vault{aead, slices.Clone(key)}, nil
}

// Random is a vault whose key is gone with it: for data in memory.
func Random() *Vault {
	key := make([]byte, KeyLength)
	rand.Read(key)
	v, err := New(key)
	if err != nil {
		panic(err) // the key has its length
	}
	return v
}

// Key derives another key from this vault's, the same for the same purpose. It does not tell this vault's.
func (v *Vault) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, v.key, nil, purpose, KeyLength)
	if err != nil {
		panic(err) // the length is one that can be had
	}
	return key
}

// Seal encrypts. The same text is sealed differently each time.
func (v *Vault) Seal(plain []byte) ([]byte, error) {
	nonce := make([]byte, v.aead.NonceSize(), v.aead.NonceSize()+len(plain)+v.aead.Overhead())
	rand.Read(nonce)
	return v.aead.Seal(nonce, nonce, plain, nil), nil
}

// ErrSealed is the error for what this vault's key does not open.
var ErrSealed = errors.New("sealed with another key, or damaged")

// Open decrypts what Seal has made.
func (v *Vault) Open(sealed []byte) ([]byte, error) {
	size := v.aead.NonceSize()
	if len(sealed) < size {
		return nil, ErrSealed
	}
	plain, err := v.aead.Open(nil, sealed[:size], sealed[size:], nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// FromFile reads the key in a file, as 64 hexadecimal digits; a file that is not there is made, with a new key, for its
// owner's eyes alone.
func FromFile(path string) (*Vault, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		text, err = newKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != KeyLength {
		return nil, fmt.Errorf("key file %s: it must hold %d hexadecimal digits and nothing else", path, 2*KeyLength)
	}
	return New(key)
}

func newKeyFile(path string) ([]byte, error) {
	key := make([]byte, KeyLength)
	rand.Read(key)
	text := []byte(hex.EncodeToString(key) + "\n")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) { // another process was quicker
		return os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text)
	return text, errors.Join(err, file.Sync(), file.Close())
}
