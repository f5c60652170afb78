package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	api "fincon/gen/control"
	"fincon/impl/apierror"
	"fincon/impl/store"
)

// offsetSetting is how far the clock is ahead, in nanoseconds.
const offsetSetting = "clock.offset"

// maxAdvance is how far the clock is moved at once, in seconds: ten years, as in the document.
const maxAdvance = 315_360_000

// Offset is how far the clock of the database's server was moved, 0 if it never was.
func Offset(ctx context.Context, kept *store.Store) (time.Duration, error) {
	text, err := kept.Setting(ctx, offsetSetting)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	offset, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the setting %s is no number", offsetSetting)
	}
	return time.Duration(offset), nil
}

// RetrieveClock tells the time (GET /clock).
func (c *Control) RetrieveClock(context.Context, api.RetrieveClockRequestObject) (api.RetrieveClockResponseObject, error) {
	return api.RetrieveClock200JSONResponse{Body: c.clock()}, nil
}

// Settle waits until nothing is due (POST /settle).
func (c *Control) Settle(ctx context.Context, _ api.SettleRequestObject) (api.SettleResponseObject, error) {
	if err := c.server.Due().Settle(ctx); err != nil {
		return nil, err
	}
	return api.Settle200JSONResponse{Body: c.clock()}, nil
}

// AdvanceClock moves the clock forward (POST /clock/advance). One move at a time: two by an hour come to two hours.
func (c *Control) AdvanceClock(ctx context.Context, request api.AdvanceClockRequestObject) (api.AdvanceClockResponseObject, error) {
	c.advancing.Lock()
	defer c.advancing.Unlock()
	target, err := c.target(request.Body)
	if err != nil {
		return nil, err
	}
	// Written down before as well as after: what is done on the way has happened at times up to the target, so a server that
	// dies on it must not start again before them.
	goal := c.server.Clock.Offset() + target.Sub(c.server.Clock.Now())
	if err := c.keepOffset(ctx, goal); err != nil {
		return nil, err
	}
	err = c.server.Due().AdvanceTo(ctx, target)
	if err == nil && request.Body.Seconds != nil {
		err = c.catchUp(ctx, goal)
	}
	err = errors.Join(err, c.keepOffset(context.WithoutCancel(ctx), c.server.Clock.Offset()))
	if err != nil {
		return nil, err
	}
	return api.AdvanceClock200JSONResponse{Body: c.clock()}, nil
}

// catchUp adds the time that went by while the clock was moved, so that it is ahead by exactly what was asked for.
func (c *Control) catchUp(ctx context.Context, goal time.Duration) error {
	c.server.Clock.Advance(goal - c.server.Clock.Offset())
	return c.server.Due().Settle(ctx)
}

// target is the time to move to.
func (c *Control) target(params *api.ClockAdvanceParams) (time.Time, error) {
	now := c.server.Clock.Now()
	switch {
	case params.Seconds != nil && params.Until != nil:
		return now, apierror.Exclusive("seconds", "until")
	case params.Seconds != nil:
		return now.Add(time.Duration(*params.Seconds) * time.Second), nil
	case params.Until == nil:
		return now, apierror.Missing("seconds")
	case *params.Until < now.Unix():
		return now, apierror.Invalid("until", fmt.Sprintf("The clock moves forward alone, and its time is %d already.", now.Unix()))
	case *params.Until > now.Unix()+maxAdvance:
		return now, apierror.Invalid("until", fmt.Sprintf("The clock moves by at most ten years at once, to %d.", now.Unix()+maxAdvance))
	}
	return time.Unix(*params.Until, 0), nil
}

func (c *Control) keepOffset(ctx context.Context, offset time.Duration) error {
	return c.server.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.SetSetting(ctx, offsetSetting, strconv.AppendInt(nil, int64(offset), 10))
	})
}

func (c *Control) clock() api.Clock {
	return api.Clock{Now: c.server.Clock.Now().Unix(), Offset: int64(math.Round(c.server.Clock.Offset().Seconds()))}
}
