package impl

import (
	"context"
	"errors"
	"net/http"

	"fincon/impl/apierror"
	"fincon/impl/idempotency"
	"fincon/impl/store"
)

// write runs an operation that changes something: its work and the answer under its idempotency key are one transaction.
// Outcomes that are errors are remembered too (server-api 1.9), apart from faults of the server: those leave nothing
// behind, and sending the request again can succeed.
func (s *Server) write(ctx context.Context, work func(context.Context, *store.Tx) ([]byte, error)) ([]byte, error) {
	attempt := idempotency.From(ctx)
	var body []byte
	err := s.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if body, err = work(ctx, tx); err != nil {
			return err
		}
		return attempt.Save(ctx, tx, http.StatusOK, body)
	})
	if outcome, ok := errors.AsType[*apierror.Error](err); ok && outcome.Remember && attempt != nil {
		saved := s.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			return attempt.Save(ctx, tx, outcome.Status, outcome.JSON())
		})
		if saved != nil {
			err = saved
		}
	}
	if attempt != nil && errors.Is(err, store.ErrConflict) {
		return nil, attempt.Replay(ctx, s.Store)
	}
	return body, err
}

// body gives the one body that a request has: the types differ in name alone.
func body[T any](json, form *T) *T {
	if json != nil {
		return json
	}
	if form != nil {
		return form
	}
	return new(T)
}

// items is the list behind a pointer, nothing when there is none.
func items[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}
