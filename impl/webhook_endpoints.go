package impl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const webhookEndpointsPath = "/v1/webhook_endpoints"

// webhookEndpointJSON is a webhook endpoint, a list of them, or what is left of a deleted one, as it is served.
type webhookEndpointJSON []byte

func (b webhookEndpointJSON) VisitListWebhookEndpointsResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b webhookEndpointJSON) VisitCreateWebhookEndpointResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b webhookEndpointJSON) VisitRetrieveWebhookEndpointResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b webhookEndpointJSON) VisitUpdateWebhookEndpointResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b webhookEndpointJSON) VisitDeleteWebhookEndpointResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

// ListWebhookEndpoints lists webhook endpoints, newest first (GET /v1/webhook_endpoints).
func (s *Server) ListWebhookEndpoints(ctx context.Context, request gen.ListWebhookEndpointsRequestObject) (gen.ListWebhookEndpointsResponseObject, error) {
	params := request.Params
	page, err := pageOf(params.Limit, params.StartingAfter, params.EndingBefore)
	if err != nil {
		return nil, err
	}
	found, more, err := s.Store.ListWebhookEndpoints(ctx, apikey.From(ctx).Scope, page)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(page, "webhook_endpoint")
	}
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(found))
	for i, endpoint := range found {
		bodies[i] = endpoint.Body
	}
	return webhookEndpointJSON(wire.List(bodies, more, webhookEndpointsPath)), nil
}

// CreateWebhookEndpoint begins to deliver events to a URL (POST /v1/webhook_endpoints). The answer alone shows the secret.
func (s *Server) CreateWebhookEndpoint(ctx context.Context, request gen.CreateWebhookEndpointRequestObject) (gen.CreateWebhookEndpointResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	scope := apikey.From(ctx).Scope
	if err := s.webhooks.Rules.CheckURL(ctx, params.URL, scope.Livemode); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	endpoint := &gen.WebhookEndpoint{
		ID: id.New("we_", now), Object: gen.WebhookEndpointObjectWebhookEndpoint, APIVersion: params.APIVersion,
		Created: now.Unix(), Description: filled(params.Description), EnabledEvents: set(params.EnabledEvents),
		Livemode: scope.Livemode, Metadata: gen.Metadata{}, Status: gen.WebhookEndpointStatusEnabled, URL: params.URL,
	}
	if err := changeMetadata(endpoint.Metadata, params.Metadata); err != nil {
		return nil, err
	}
	secret := id.Secret("whsec_") + id.Secret("")[:8] // 32 characters after the prefix
	row, err := endpointRow(endpoint, secret)
	if err != nil {
		return nil, err
	}
	endpoint.Secret = &secret
	answer, err := wire.JSON(endpoint)
	if err != nil {
		return nil, err
	}
	answer, err = s.write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		return answer, tx.InsertWebhookEndpoint(ctx, scope, row)
	})
	if err != nil {
		return nil, err
	}
	return webhookEndpointJSON(answer), nil
}

// RetrieveWebhookEndpoint gives a webhook endpoint back (GET /v1/webhook_endpoints/{webhook_endpoint}).
func (s *Server) RetrieveWebhookEndpoint(ctx context.Context, request gen.RetrieveWebhookEndpointRequestObject) (gen.RetrieveWebhookEndpointResponseObject, error) {
	scope := apikey.From(ctx).Scope
	found, err := s.Store.WebhookEndpoint(ctx, scope, request.WebhookEndpoint)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noWebhookEndpoint(ctx, s.Store.WebhookEndpoint, scope, request.WebhookEndpoint)
	}
	if err != nil {
		return nil, err
	}
	return webhookEndpointJSON(found.Body), nil
}

// UpdateWebhookEndpoint changes what is given (POST /v1/webhook_endpoints/{webhook_endpoint}).
func (s *Server) UpdateWebhookEndpoint(ctx context.Context, request gen.UpdateWebhookEndpointRequestObject) (gen.UpdateWebhookEndpointResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	scope := apikey.From(ctx).Scope
	if params.URL != nil {
		if err := s.webhooks.Rules.CheckURL(ctx, *params.URL, scope.Livemode); err != nil {
			return nil, err
		}
	}
	answer, err := s.write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		kept, err := tx.WebhookEndpoint(ctx, scope, request.WebhookEndpoint)
		if errors.Is(err, store.ErrNotFound) {
			return nil, noWebhookEndpoint(ctx, tx.WebhookEndpoint, scope, request.WebhookEndpoint)
		}
		if err != nil {
			return nil, err
		}
		changed, err := changeEndpoint(kept, params)
		if err != nil {
			return nil, err
		}
		return changed.Body, tx.UpdateWebhookEndpoint(ctx, scope, changed)
	})
	if err != nil {
		return nil, err
	}
	return webhookEndpointJSON(answer), nil
}

// DeleteWebhookEndpoint ends deliveries to a URL for good (DELETE /v1/webhook_endpoints/{webhook_endpoint}).
func (s *Server) DeleteWebhookEndpoint(ctx context.Context, request gen.DeleteWebhookEndpointRequestObject) (gen.DeleteWebhookEndpointResponseObject, error) {
	scope := apikey.From(ctx).Scope
	answer, err := wire.JSON(gen.DeletedWebhookEndpoint{
		ID: request.WebhookEndpoint, Object: gen.DeletedWebhookEndpointObjectWebhookEndpoint,
		Deleted: gen.DeletedWebhookEndpointDeletedTrue,
	})
	if err != nil {
		return nil, err
	}
	answer, err = s.write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		return answer, tx.DeleteWebhookEndpoint(ctx, scope, request.WebhookEndpoint)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, noWebhookEndpoint(ctx, s.Store.WebhookEndpoint, scope, request.WebhookEndpoint)
	}
	if err != nil {
		return nil, err
	}
	return webhookEndpointJSON(answer), nil
}

// noWebhookEndpoint says whether the id exists in the key's other mode, as read finds it.
func noWebhookEndpoint(ctx context.Context, read readWebhookEndpoint, scope store.Scope, id string) error {
	_, err := read(ctx, store.Scope{Tenant: scope.Tenant, Livemode: !scope.Livemode}, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return apierror.NoSuch("webhook_endpoint", id, "webhook_endpoint")
	case err != nil:
		return err
	}
	return apierror.NoSuchInMode("webhook_endpoint", id, "webhook_endpoint", scope.Livemode)
}

// readWebhookEndpoint reads in a transaction, or outside of any.
type readWebhookEndpoint func(context.Context, store.Scope, string) (store.WebhookEndpoint, error)

// endpointRow is the endpoint as it is kept: the object without its secret, and beside it what deliveries need.
func endpointRow(endpoint *gen.WebhookEndpoint, secret string) (store.WebhookEndpoint, error) {
	stored, err := wire.JSON(endpoint)
	if err != nil {
		return store.WebhookEndpoint{}, err
	}
	events := make([]string, len(endpoint.EnabledEvents))
	for i, kind := range endpoint.EnabledEvents {
		events[i] = string(kind)
	}
	return store.WebhookEndpoint{
		ID: endpoint.ID, Enabled: endpoint.Status == gen.WebhookEndpointStatusEnabled, Events: events, Body: stored,
		Secret: []byte(secret), Created: endpoint.Created,
	}, nil
}

// changeEndpoint makes the row of the endpoint with what is given changed.
func changeEndpoint(kept store.WebhookEndpoint, params *gen.WebhookEndpointUpdateParams) (store.WebhookEndpoint, error) {
	var endpoint gen.WebhookEndpoint
	if err := json.Unmarshal(kept.Body, &endpoint); err != nil {
		return kept, fmt.Errorf("read a stored webhook endpoint: %w", err)
	}
	if params.Description != nil {
		endpoint.Description = filled(params.Description)
	}
	if params.Disabled != nil {
		endpoint.Status = gen.WebhookEndpointStatusEnabled
		if *params.Disabled {
			endpoint.Status = gen.WebhookEndpointStatusDisabled
		}
	}
	if params.EnabledEvents != nil {
		endpoint.EnabledEvents = set(params.EnabledEvents)
	}
	if params.URL != nil {
		endpoint.URL = *params.URL
	}
	if err := changeMetadata(endpoint.Metadata, params.Metadata); err != nil {
		return kept, err
	}
	return endpointRow(&endpoint, string(kept.Secret))
}

// changeMetadata sets what is given: an empty text removes its name, and the empty string in place of them all removes
// all.
func changeMetadata(metadata gen.Metadata, params *gen.MetadataParams) error {
	const most = 50
	if params == nil {
		return nil
	}
	given, err := params.AsMetadata()
	if err != nil { // the empty string: nothing else passes the contract
		clear(metadata)
		return nil
	}
	for name, text := range given {
		if text == "" {
			delete(metadata, name)
		} else {
			metadata[name] = text
		}
	}
	if len(metadata) > most {
		return apierror.Invalid("metadata", fmt.Sprintf("Metadata can have up to %d names, and with these there would be %d.",
			most, len(metadata))).AsOutcome()
	}
	return nil
}

// filled is the text, nil for none: an empty one says that there is none.
func filled(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// set is the values, each once, in the order in which they first came.
func set[T comparable](values []T) []T {
	seen := make(map[T]struct{}, len(values))
	unique := make([]T, 0, len(values))
	for _, value := range values {
		if _, known := seen[value]; !known {
			seen[value] = struct{}{}
			unique = append(unique, value)
		}
	}
	return unique
}
