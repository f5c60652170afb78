package impl

import (
	"context"
	"slices"
	"strings"

	"fincon/gen"
	"fincon/impl/activity"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/webhook"
	"fincon/impl/wire"
)

const deliveriesPath = "/v1/fincon/deliveries"

// ListDeliveries lists deliveries, newest first (GET /v1/fincon/deliveries). The outbox has those that were not received;
// what was is known from the attempts that are remembered.
func (s *Server) ListDeliveries(ctx context.Context, request gen.ListDeliveriesRequestObject) (gen.ListDeliveriesResponseObject, error) {
	scope, err := testScope(ctx)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(request.Params.Limit, request.Params.StartingAfter, request.Params.EndingBefore)
	if err != nil {
		return nil, err
	}
	attempts := lastAttempts(s.attempts.Latest(scope.Tenant))
	if err := s.requireDelivery(ctx, scope, page, attempts); err != nil {
		return nil, err
	}
	rows, more, err := s.Store.ListDeliveries(ctx, scope, page)
	if err != nil {
		return nil, err
	}
	found := make([]gen.Delivery, 0, len(rows))
	for _, row := range rows {
		key := store.DeliveryID(row.Event, row.Endpoint)
		found = append(found, outstanding(row, attempts[key]))
		delete(attempts, key)
	}
	for key, attempt := range attempts {
		if attempt.Delivered && beyond(key, page) {
			found = append(found, received(*attempt))
		}
	}
	found, cut := firstOf(found, page)
	bodies := make([][]byte, len(found))
	for i, delivery := range found {
		if bodies[i], err = wire.JSON(delivery); err != nil {
			return nil, err
		}
	}
	return activityJSON(wire.List(bodies, more || cut, deliveriesPath)), nil
}

// lastAttempts is the last attempt of each delivery, by its id.
func lastAttempts(latest []activity.Attempt) map[string]*activity.Attempt {
	attempts := make(map[string]*activity.Attempt, len(latest))
	for _, attempt := range slices.Backward(latest) {
		attempts[store.DeliveryID(attempt.Event, attempt.Endpoint)] = &attempt
	}
	return attempts
}

// requireDelivery refuses a cursor that is no delivery.
func (s *Server) requireDelivery(ctx context.Context, scope store.Scope, page store.Page, attempts map[string]*activity.Attempt) error {
	cursor := page.After + page.Before // one of them is empty
	if cursor == "" {
		return nil
	}
	if attempt := attempts[cursor]; attempt != nil && attempt.Delivered {
		return nil
	}
	exists, err := s.Store.DeliveryExists(ctx, scope, cursor)
	if err == nil && !exists {
		return noCursor(page, "delivery")
	}
	return err
}

// beyond tells whether a delivery is on the side of the page's cursor to which the page goes.
func beyond(key string, page store.Page) bool {
	return (page.After == "" || key < page.After) && (page.Before == "" || key > page.Before)
}

// firstOf is what is next to the page's cursor, newest first, and whether there is more.
func firstOf(found []gen.Delivery, page store.Page) (first []gen.Delivery, more bool) {
	slices.SortFunc(found, func(a, b gen.Delivery) int { return strings.Compare(b.ID, a.ID) })
	if len(found) <= page.Limit {
		return found, false
	}
	if page.Before != "" {
		return found[len(found)-page.Limit:], true
	}
	return found[:page.Limit], true
}

// outstanding is a delivery that was not received. attempt, the last one, is nil when none is remembered.
func outstanding(row store.OutstandingDelivery, attempt *activity.Attempt) gen.Delivery {
	delivery := gen.Delivery{
		ID: store.DeliveryID(row.Event, row.Endpoint), Object: gen.DeliveryObjectFinconDelivery, Attempts: int64(row.Attempt),
		Created: id.Created(row.Event), Event: row.Event, EventType: row.EventType, LastAttempt: attemptObject(attempt),
		NextAttempt: &row.DueAt, Status: gen.DeliveryStatusPending, WebhookEndpoint: row.Endpoint,
	}
	if row.Abandoned {
		delivery.NextAttempt, delivery.Status = nil, gen.DeliveryStatusFailed
		// The last attempt of all is not counted in the row. Without it, the endpoint was disabled.
		if _, again := webhook.Pause(row.Attempt+1, row.Livemode); !again {
			delivery.Attempts++
		}
	}
	return delivery
}

func received(attempt activity.Attempt) gen.Delivery {
	return gen.Delivery{
		ID: store.DeliveryID(attempt.Event, attempt.Endpoint), Object: gen.DeliveryObjectFinconDelivery,
		Attempts: int64(attempt.Number), Created: id.Created(attempt.Event), Event: attempt.Event, EventType: attempt.EventType,
		LastAttempt: attemptObject(&attempt), Status: gen.DeliveryStatusDelivered, WebhookEndpoint: attempt.Endpoint,
	}
}

func attemptObject(attempt *activity.Attempt) *gen.DeliveryAttempt {
	if attempt == nil {
		return nil
	}
	object := &gen.DeliveryAttempt{Created: attempt.Ended, Duration: attempt.Took.Microseconds(), Error: nonEmpty(attempt.Trouble)}
	if attempt.Status != 0 {
		status := int64(attempt.Status)
		object.Status = &status
	}
	return object
}
