package control

import (
	"context"
	"fmt"
	"time"

	api "fincon/gen/control"
	"fincon/impl"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/store"
)

// ListFaults lists what is planned (GET /faults).
func (c *Control) ListFaults(ctx context.Context, _ api.ListFaultsRequestObject) (api.ListFaultsResponseObject, error) {
	return api.ListFaults200JSONResponse{Body: c.faults(apikey.From(ctx).Scope)}, nil
}

// ClearFaults forgets what is planned (DELETE /faults).
func (c *Control) ClearFaults(ctx context.Context, _ api.ClearFaultsRequestObject) (api.ClearFaultsResponseObject, error) {
	scope := apikey.From(ctx).Scope
	c.server.Faults.Clear(scope)
	return api.ClearFaults200JSONResponse{Body: c.faults(scope)}, nil
}

// PlanFault makes the next requests of an operation fail (POST /faults).
func (c *Control) PlanFault(ctx context.Context, request api.PlanFaultRequestObject) (api.PlanFaultResponseObject, error) {
	fault, err := newFault(request.Body)
	if err != nil {
		return nil, err
	}
	if !c.server.HasOperation(fault.Operation) {
		return nil, apierror.Invalid("operation", fmt.Sprintf("The API has no operation %s. Operations are called as their "+
			"operationId in the API's /openapi.yaml, such as CreateSession.", quote(fault.Operation)))
	}
	scope := apikey.From(ctx).Scope
	c.server.Faults.Plan(scope, fault)
	return api.PlanFault200JSONResponse{Body: c.faults(scope)}, nil
}

// newFault reads a fault: it is one thing that happens.
func newFault(params *api.Fault) (impl.Fault, error) {
	fault := impl.Fault{Operation: params.Operation, Times: 1}
	if params.Times != nil {
		fault.Times = *params.Times
	}
	if params.After != nil {
		fault.After = *params.After
	}
	things := 0
	if params.DelayMs != nil {
		things++
		fault.Delay = time.Duration(*params.DelayMs) * time.Millisecond
	}
	if params.Drop != nil && *params.Drop {
		things++
		fault.Drop = true
	}
	if params.Error != nil {
		things++
		fault.Error = newFaultError(params.Error)
	}
	if things == 0 {
		return fault, apierror.Invalid("", "Say what happens to the requests: one of delay_ms, drop and error.")
	}
	if things > 1 {
		return fault, apierror.Exclusive("delay_ms", "drop", "error")
	}
	return fault, nil
}

// newFaultError is the error to answer. What is not given is as the API would have it.
func newFaultError(params *api.FaultError) *apierror.Error {
	planned := &apierror.Error{Status: params.Status, Type: apierror.InvalidRequest, Message: "A test has planned this fault."}
	if params.Status >= 500 {
		planned.Type = apierror.API
	}
	if params.Type != nil {
		planned.Type = apierror.Type(*params.Type)
	}
	if params.Message != nil {
		planned.Message = *params.Message
	}
	if params.Code != nil {
		planned.Code = *params.Code
	}
	return planned
}

// faults are those that are planned, as they are served.
func (c *Control) faults(scope store.Scope) api.FaultList {
	list := api.FaultList{Data: []api.Fault{}}
	for _, fault := range c.server.Faults.Planned(scope) {
		shown := api.Fault{After: &fault.After, Operation: fault.Operation, Times: &fault.Times}
		switch {
		case fault.Error != nil:
			kind := api.ErrorType(fault.Error.Type)
			shown.Error = &api.FaultError{Message: &fault.Error.Message, Status: fault.Error.Status, Type: &kind}
			if fault.Error.Code != "" {
				shown.Error.Code = &fault.Error.Code
			}
		case fault.Drop:
			shown.Drop = &fault.Drop
		default:
			late := fault.Delay.Milliseconds()
			shown.DelayMs = &late
		}
		list.Data = append(list.Data, shown)
	}
	return list
}
