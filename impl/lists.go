package impl

import (
	"net/http"

	"fincon/impl/apierror"
	"fincon/impl/store"
)

// defaultLimit is how many objects a page has when none is said (server-api 1.8).
const defaultLimit = 10

// pageOf is the part of a list that was asked for. The two cursors exclude each other.
func pageOf(limit *int64, startingAfter, endingBefore *string) (store.Page, error) {
	page := store.Page{Limit: defaultLimit}
	if limit != nil {
		page.Limit = int(*limit) // the document bounds it
	}
	if startingAfter != nil && endingBefore != nil {
		return page, apierror.Exclusive("ending_before", "starting_after")
	}
	if startingAfter != nil {
		page.After = *startingAfter
	}
	if endingBefore != nil {
		page.Before = *endingBefore
	}
	return page, nil
}

// noCursor is the answer when a page's cursor is no object of the list: kind is the objects' type without its prefix.
func noCursor(page store.Page, kind string) error {
	if page.After != "" {
		return apierror.NoSuch(kind, page.After, "starting_after")
	}
	return apierror.NoSuch(kind, page.Before, "ending_before")
}

// missing is the answer when a parameter names an object that does not exist, or exists in the mode that the key is not of
// (server-api 1.4).
func missing(kind, id, param string, otherMode, livemode bool) error {
	e := apierror.NoSuch(kind, id, param)
	if otherMode {
		e = apierror.NoSuchInMode(kind, id, param, livemode)
	}
	e.Status = http.StatusBadRequest
	return e
}

// otherMode is the same tenant's other mode.
func otherMode(scope store.Scope) store.Scope {
	return store.Scope{Tenant: scope.Tenant, Livemode: !scope.Livemode}
}
