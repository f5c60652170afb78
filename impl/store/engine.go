package store

import "context"

// Engine runs transactions on one kind of database.
type Engine interface {
	// Write runs work in a transaction, see Work, and returns after its commit is durable.
	Write(ctx context.Context, work Work) error
	// Read runs fn on a connection outside any transaction.
	Read(ctx context.Context, fn func(Conn) error) error
	// Close finishes accepted writes; later calls return ErrClosed.
	Close() error
}

// Work is one transaction's content. Run may be called again after its transaction was rolled back. Committing is
// called just before the commit. Committed follows in the order of the commits and before anybody is told, with the
// commit's error.
type Work interface {
	Run(ctx context.Context, conn Conn) error
	Committing()
	Committed(err error)
}

// Conn runs statements. Arguments are string, []byte, int64 or bool, results are read into pointers to these.
type Conn interface {
	// Must runs a statement that has to change a row; when it changes none the transaction fails with none. The
	// outcome may be reported by a later call, or only by the commit, so that statements can travel together.
	Must(ctx context.Context, none error, query string, args ...any) error
	// Send runs a statement that may change no row. The outcome may be reported as late as that of Must.
	Send(ctx context.Context, query string, args ...any) error
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// QueryRow reads the first row into dest, or returns ErrNotFound.
	QueryRow(ctx context.Context, query string, args []any, dest ...any) error
	// Query reads each row into dest and calls each.
	Query(ctx context.Context, query string, args, dest []any, each func() error) error
}

// Statements is every SQL text of a dialect. Parameters are numbered in the order of the Go call that runs the text.
// A statement marked "must" is run by Conn.Must.
type Statements struct {
	AccountStatements
	AuthorizationStatements
	OwnershipStatements
	TransactionStatements
	EventStatements
	WebhookEndpointStatements
	DeliveryStatements
	DueStatements
	SettingStatements
	TenantStatements
	FlowStatements
	SandboxGrantStatements

	InsertSession string // must: tenant, livemode, id, body
	UpdateSession string // must: tenant, livemode, id, body
	Session       string // tenant, livemode, id: body
	// SessionForUpdate is Session, keeping the row from other writers to the end of the transaction.
	SessionForUpdate string
	SessionExists    string // tenant, livemode, id: bool
	OlderSessions    string // tenant, livemode, from, to, limit: id, body; ids between from and to, both exclusive, to the lowest
	NewerSessions    string // the same, from the lowest on

	SaveIdempotent  string // must: tenant, livemode, digest of key, fingerprint, path, request_id, status, body, created, not_before
	Idempotent      string // tenant, livemode, digest of key: fingerprint, path, request_id, status, body, created
	PruneIdempotent string // before, limit

	InsertAPIKey string // must: hash, tenant, livemode, kind, created, revoked, hint
	APIKeyByHash string // hash: tenant, livemode, kind, created, revoked, hint
	APIKeys      string // : hash, tenant, livemode, kind, created, revoked, hint
	RevokeAPIKey string // must: hash, revoked
}
