package authserver

import (
	"context"
	"sync"
	"time"
)

// Memory is Grants for one process, which forgets them with it.
type Memory struct {
	mu   sync.Mutex
	kept map[string]int64
}

// Generation is the grant's number.
func (m *Memory) Generation(_ context.Context, grant string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[grant], nil
}

// Advance changes the number from one to another.
func (m *Memory) Advance(_ context.Context, grant string, from, to int64, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[grant] != from {
		return false, nil
	}
	if m.kept == nil {
		m.kept = map[string]int64{}
	}
	m.kept[grant] = to
	return true, nil
}
