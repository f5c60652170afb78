package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// pageRows is how many rows each page has: the most that can be asked for.
const pageRows = 100

// A page is one page of a list in a stock, newest rows first.
type page struct {
	list   string // "transactions" or "accounts"
	number int    // 1, 2, …
	path   string // with its query
	ids    []string
	more   bool
}

func (p page) name() string { return fmt.Sprintf("%s, page %s", p.list, thousands(float64(p.number))) }

// transactionPage is the page of that number.
func (s stock) transactionPage(number int) page {
	return newPage("transactions", "?account="+s.accountID(0), s.transactions, number, s.transactionID)
}

// accountPage is the page of that number.
func (s stock) accountPage(number int) page {
	return newPage("accounts", "?account_holder%5Bcustomer%5D="+stockCustomer, s.accounts, number, s.accountID)
}

// newPage reckons what is on a page of a list of so many rows.
func newPage(list, query string, rows, number int, id func(int) string) page {
	p := page{list: list, number: number, path: fmt.Sprintf("/v1/financial_connections/%s%s&limit=%d", list, query, pageRows)}
	newest := rows - 1 - (number-1)*pageRows
	if number > 1 {
		p.path += "&starting_after=" + id(newest+1)
	}
	for i := newest; i >= 0 && len(p.ids) < pageRows; i-- {
		p.ids = append(p.ids, id(i))
	}
	p.more = newest >= pageRows
	return p
}

func (p page) request() []byte { return requestBytes("GET", p.path, "", "") }

// stream asks for the page again and again.
func (p page) stream(int) stream {
	request, want := p.request(), []byte(`"`+p.ids[0]+`"`)
	return func() ([]byte, []byte) { return request, want }
}

// check wants the answer to be this page, row by row.
func (p page) check(answer *response) error {
	if answer.status != 200 {
		return fmt.Errorf("%s: status %d: %.300s", p.name(), answer.status, answer.body)
	}
	var list struct {
		Object string `json:"object"`
		Data   []struct {
			ID string `json:"id"`
		} `json:"data"`
		HasMore bool `json:"has_more"`
	}
	if err := json.Unmarshal(answer.body, &list); err != nil {
		return fmt.Errorf("%s is not JSON: %w", p.name(), err)
	}
	var ids []string
	for _, row := range list.Data {
		ids = append(ids, row.ID)
	}
	if list.Object != "list" || list.HasMore != p.more || !slices.Equal(ids, p.ids) {
		return fmt.Errorf("%s has %d rows from %.1q on, more %t; want %d from %s on, more %t", p.name(), len(ids), ids,
			list.HasMore, len(p.ids), p.ids[0], p.more)
	}
	return nil
}
