package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"fincon/gen"
	"fincon/impl/store"
)

// lately spares the calls of one flow, which follow each other closely, what the call before has found out. Nothing is
// taken from here that is not held against the session as it is stored.
type lately struct {
	ids      *lru.Cache[[sha256.Size]byte, string] // of sessions, by digests of their secrets
	sessions *lru.Cache[place, decoded]
}

// decoded is a session with the text that it was read from.
type decoded struct {
	body    []byte
	session gen.Session
}

// remembered is how many flows of late are known; a session takes about two kilobytes.
const remembered = 1024

func newLately() lately {
	ids, _ := lru.New[[sha256.Size]byte, string](remembered) // the size is a valid one
	sessions, _ := lru.New[place, decoded](remembered)
	return lately{ids, sessions}
}

func digestOf(scope store.Scope, secret string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%t %s %s", scope.Livemode, scope.Tenant, secret))
}

// session reads a stored session. Its properties may be replaced; what is behind their pointers is shared.
func (l lately) session(at place, body []byte) (*gen.Session, error) {
	known, ok := l.sessions.Get(at)
	if !ok || !bytes.Equal(known.body, body) {
		known = decoded{body: body}
		if err := json.Unmarshal(body, &known.session); err != nil {
			return nil, fmt.Errorf("read a stored session: %w", err)
		}
		l.sessions.Add(at, known)
	}
	session := known.session
	return &session, nil
}
