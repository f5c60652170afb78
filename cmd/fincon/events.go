package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fincon/gen"
	"fincon/gen/control"
)

type eventsCommand struct {
	List   eventsListCommand   `cmd:"" default:"withargs" help:"List events, the newest last."`
	Resend eventsResendCommand `cmd:"" help:"Deliver an event to webhook endpoints again, on a server with --test-clock."`
}

type eventsListCommand struct {
	serverURL
	tenantKey
	Follow bool   `short:"f" help:"Go on with those that happen."`
	Type   string `help:"Only events of this type; an asterisk at its end stands for any text." placeholder:"TYPE"`
	Limit  int64  `help:"How many of the events so far, 1 to 100." default:"20" placeholder:"N"`
	JSON   bool   `name:"json" help:"Print whole objects, one on each line."`
}

// pollInterval is how often new events are asked for.
const pollInterval = time.Second

// Run prints events until there are no more, or until ctx ends.
func (c *eventsListCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client(gen.WithRequestEditorFn(c.authorize))
	if err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > maxPage {
		return configFaults{fmt.Sprintf("--limit is a number from 1 to %d", maxPage)}
	}
	page, err := c.page(ctx, client, gen.ListEventsParams{Limit: &c.Limit})
	if err != nil {
		return c.explain(err)
	}
	last, err := c.print(io, page.Data, "")
	if err != nil || !c.Follow {
		return err
	}
	err = c.follow(ctx, io, client, last)
	if ctx.Err() != nil {
		return nil // ended by who watches
	}
	return c.explain(err)
}

// follow prints the events after the last one.
func (c *eventsListCommand) follow(ctx context.Context, io streams, client *gen.Client, last string) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		events, err := c.after(ctx, client, last)
		if lost, ok := errors.AsType[*refusal](err); ok && lost.fault.Code != nil && *lost.fault.Code == "resource_missing" {
			last = "" // the tenant was reset: all that there is has happened since
			continue
		}
		if err != nil {
			return err
		}
		if last, err = c.print(io, events, last); err != nil {
			return err
		}
	}
}

// after lists the events after the last one, or all when there was none, newest first.
func (c *eventsListCommand) after(ctx context.Context, client *gen.Client, last string) (events []json.RawMessage, err error) {
	if last == "" {
		return c.all(ctx, client)
	}
	limit := int64(maxPage)
	for {
		page, err := c.page(ctx, client, gen.ListEventsParams{Limit: &limit, EndingBefore: &last})
		if err != nil {
			return nil, err
		}
		events = slices.Concat(page.Data, events)
		if !page.HasMore || len(page.Data) == 0 {
			return events, nil
		}
		newest, err := readEvent(page.Data[0])
		if err != nil {
			return nil, err
		}
		last = newest.ID
	}
}

func (c *eventsListCommand) all(ctx context.Context, client *gen.Client) (events []json.RawMessage, err error) {
	limit := int64(maxPage)
	params := gen.ListEventsParams{Limit: &limit}
	for {
		page, err := c.page(ctx, client, params)
		if err != nil {
			return nil, err
		}
		events = append(events, page.Data...)
		if !page.HasMore || len(page.Data) == 0 {
			return events, nil
		}
		oldest, err := readEvent(page.Data[len(page.Data)-1])
		if err != nil {
			return nil, err
		}
		params.StartingAfter = &oldest.ID
	}
}

// maxPage is how many objects a page has at most.
const maxPage = 100

// eventPage is a page of events, each as it was answered.
type eventPage struct {
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
}

func (c *eventsListCommand) page(ctx context.Context, client *gen.Client, params gen.ListEventsParams) (page eventPage, err error) {
	if c.Type != "" {
		params.Type = &c.Type
	}
	response, err := client.ListEvents(ctx, &params)
	return page, receive(response, err, &page)
}

// shownEvent is what is shown of an event.
type shownEvent struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Type    string `json:"type"`
	Data    struct {
		Object struct {
			ID string `json:"id"`
		} `json:"object"`
	} `json:"data"`
}

func readEvent(raw json.RawMessage) (event shownEvent, err error) {
	if err := json.Unmarshal(raw, &event); err != nil {
		return event, fmt.Errorf("read an event: %w", err)
	}
	return event, nil
}

// print writes events, which come newest first, and gives back the id of the newest; last when there is none.
func (c *eventsListCommand) print(io streams, events []json.RawMessage, last string) (string, error) {
	for _, raw := range slices.Backward(events) {
		event, err := readEvent(raw)
		if err != nil {
			return last, err
		}
		last = event.ID
		if !c.JSON {
			fmt.Fprintf(io.out, "%s  %s  %s  %s\n", when(event.Created), oneLine(event.ID), oneLine(event.Type), oneLine(event.Data.Object.ID))
			continue
		}
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return last, err
		}
		fmt.Fprintln(io.out, line.String())
	}
	return last, nil
}

type eventsResendCommand struct {
	controlURL
	tenantKey
	Event    string `arg:"" help:"The event's id."`
	Endpoint string `help:"To this webhook endpoint alone; to each that wants the event, if none is given." placeholder:"ID"`
}

// Run delivers the event again.
func (c *eventsResendCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client(control.WithRequestEditorFn(c.authorize))
	if err != nil {
		return err
	}
	params := control.EventResendParams{}
	if c.Endpoint != "" {
		params.Endpoint = &c.Endpoint
	}
	var sent control.EventResend
	response, err := client.ResendEvent(ctx, c.Event, nil, params)
	if err := receive(response, err, &sent); err != nil {
		return c.explain(err)
	}
	for _, endpoint := range sent.Endpoints {
		fmt.Fprintln(io.out, endpoint)
	}
	return nil
}
