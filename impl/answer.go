package impl

import (
	"context"
	"errors"
	"net/http"

	"fincon/impl/apierror"
	"fincon/impl/event"
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
	if attempt != nil && errors.Is(err, store.ErrConflict) {
		return nil, attempt.Replay(ctx, s.Store)
	}
	return body, s.remember(ctx, err)
}

// remember keeps an outcome that is an error under the request's idempotency key, and gives it back; or the answer that
// the key has already.
func (s *Server) remember(ctx context.Context, err error) error {
	attempt := idempotency.From(ctx)
	outcome, ok := errors.AsType[*apierror.Error](err)
	if !ok || !outcome.Remember || attempt == nil {
		return err
	}
	saved := s.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return attempt.Save(ctx, tx, outcome.Status, outcome.JSON())
	})
	if errors.Is(saved, store.ErrConflict) {
		return attempt.Replay(ctx, s.Store)
	}
	return errors.Join(err, saved)
}

// cause is the request that makes something happen, for the events about it.
func (s *Server) cause(ctx context.Context) event.Request {
	return event.Request{ID: requestIDFrom(ctx), IdempotencyKey: idempotency.From(ctx).Key()}
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
