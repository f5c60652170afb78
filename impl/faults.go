package impl

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/store"
)

// Fault is what a test has planned to happen to requests: exactly one of Delay, Drop and Error.
type Fault struct {
	Operation string          // the document's name for it
	Times     int64           // to how many more requests it happens
	After     bool            // the request does its work first
	Delay     time.Duration   // of real time, by which the answer comes late
	Drop      bool            // the connection is closed without an answer
	Error     *apierror.Error // what is answered
}

// Faults are those that are planned, each for one tenant in one mode. They are kept in memory: a server that was started
// again fails at nothing.
type Faults struct {
	mu      sync.Mutex
	planned map[store.Scope][]Fault
}

// NewFaults begins without any.
func NewFaults() *Faults { return &Faults{planned: map[store.Scope][]Fault{}} }

// Plan adds a fault behind those that are planned.
func (f *Faults) Plan(scope store.Scope, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned[scope] = append(f.planned[scope], fault)
}

// Planned lists the faults that have not happened as often as they are to, in the order of planning.
func (f *Faults) Planned(scope store.Scope) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.planned[scope])
}

// Clear forgets the faults of a scope.
func (f *Faults) Clear(scope store.Scope) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.planned, scope)
}

// ClearTenant forgets those of a tenant in both modes, and of its connected accounts.
func (f *Faults) ClearTenant(tenant string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.planned, func(scope store.Scope, _ []Fault) bool {
		return scope.Tenant == tenant || strings.HasPrefix(scope.Tenant, tenant+"/")
	})
}

// take counts down the first fault of the operation.
func (f *Faults) take(scope store.Scope, operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	planned := f.planned[scope]
	i := slices.IndexFunc(planned, func(fault Fault) bool { return fault.Operation == operation })
	if i < 0 {
		return Fault{}, false
	}
	fault := planned[i]
	if planned[i].Times--; planned[i].Times <= 0 {
		f.planned[scope] = slices.Delete(planned, i, i+1)
	}
	return fault, true
}

// HasOperation tells whether the document has an operation of this name.
func (s *Server) HasOperation(name string) bool {
	for _, item := range s.contract.Document().Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == name {
				return true
			}
		}
	}
	return false
}

// planned takes the fault that is planned for a request, if there is one.
func (s *Server) planned(ctx echo.Context) (Fault, bool) {
	request := ctx.Request()
	operation := s.contract.Operation(request.Method, ctx.Path())
	if operation == "" {
		return Fault{}, false
	}
	return s.Faults.take(apikey.From(request.Context()).Scope, operation)
}

// fail lets a fault happen to a request, before or after its work.
func (s *Server) fail(ctx echo.Context, fault Fault, next echo.HandlerFunc) error {
	if !fault.After {
		if err := fault.happen(ctx.Request().Context()); err != nil {
			return err
		}
		return s.idempotency.Run(ctx, next)
	}
	answer := &unseen{header: ctx.Response().Header().Clone()}
	seen := ctx.Response()
	ctx.SetResponse(echo.NewResponse(answer, ctx.Echo()))
	err := s.idempotency.Run(ctx, next)
	ctx.SetResponse(seen)
	if err := fault.happen(ctx.Request().Context()); err != nil {
		return err
	}
	maps.Copy(seen.Header(), answer.header)
	if err == nil {
		seen.WriteHeader(answer.status)
		_, _ = seen.Write(answer.body.Bytes()) // the client may be gone
	}
	return err
}

// happen returns the error to answer, or nil when the answer was only to be late.
func (f Fault) happen(ctx context.Context) error {
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.Error != nil {
		return f.Error
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		panic(http.ErrAbortHandler) // nobody waits any more
	}
}

// unseen is an answer that its client does not see yet, or never.
type unseen struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (u *unseen) Header() http.Header                  { return u.header }
func (u *unseen) WriteHeader(status int)               { u.status = status }
func (u *unseen) Write(part []byte) (n int, err error) { return u.body.Write(part) }
