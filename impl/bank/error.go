package bank

import (
	"errors"
	"time"
)

// Kind is what the server can do about an error.
type Kind string

const (
	KindRetryLater    Kind = "retry later"         // the same call may work after RetryAfter
	KindGrantDead     Kind = "grant dead"          // the person has to sign in again; all accounts of the grant are inactive
	KindAccountGone   Kind = "account gone"        // not there, or no longer shared
	KindAccountClosed Kind = "account closed"      // for good
	KindAccountLocked Kind = "account locked"      // for now; the grant is fine
	KindUnsupported   Kind = "feature unsupported" // this account has no such data; do not ask again
	KindBadRequest    Kind = "bad request"         // the bank, or the connector, refuses these arguments; do not repeat them
	KindBroken        Kind = "bank broken"         // it answered what makes no sense
	KindUnavailable   Kind = "bank unavailable"    // nobody can sign in; until ExpectedAt, if that is known
	KindDenied        Kind = "sign-in denied"      // the person, or the bank, refused at the sign-in
)

// Error is why a bank gave no data.
type Error struct {
	Kind       Kind
	RetryAfter time.Duration // of KindRetryLater: as the bank asked; 0: it did not
	ExpectedAt time.Time     // of KindUnavailable: when it will be back; zero: unknown
	Err        error         // for the log, not for people; may be nil
}

// Error names the kind and the reason.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Kind)
	}
	return string(e.Kind) + ": " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an error that is, or wraps, an *Error; "" for any other, nil too.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
