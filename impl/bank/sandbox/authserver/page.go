package authserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"hash/fnv"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fincon/impl/bank"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	pages = template.Must(template.New("").Parse(pageHTML))

	// Nothing is loaded, nothing is run, nobody frames the page. There is no form-action: browsers hold it against every
	// redirect that follows the form, and the last one may lead into an app.
	policy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// view is what a page shows.
type view struct {
	Style    template.CSS
	Title    string
	Trouble  string // what went wrong; then there is nothing to answer
	Bank     string
	Mark     string // the bank's initial
	Color    uint32 // of the mark: 0 to 5
	Client   string
	Person   string
	Shares   []share
	Accounts []row // to choose from; none where there is nothing to choose
	Missing  bool  // no account was chosen
	Action   string
	Page     string
}

type share struct{ Icon, Text string }

type row struct {
	ID, Name, Kind, Last4 string
	Chosen                bool
}

// shares are the scopes in plain words. Not all are worth a line.
var shares = []struct {
	scope string
	share
}{
	{"accounts", share{"card", "Names and types of your accounts"}},
	{"balances", share{"balance", "Balances"}},
	{"transactions", share{"list", "Transactions"}},
	{"owners", share{"person", "Your name and contact details"}},
	{"payment_networks", share{"number", "Account and routing numbers"}},
}

var kinds = map[bank.Subcategory]string{
	bank.SubcategoryChecking:     "Checking",
	bank.SubcategorySavings:      "Savings",
	bank.SubcategoryCreditCard:   "Credit card",
	bank.SubcategoryLineOfCredit: "Line of credit",
	bank.SubcategoryMortgage:     "Mortgage",
}

var categories = map[bank.Category]string{
	bank.CategoryCash:       "Cash account",
	bank.CategoryCredit:     "Loan",
	bank.CategoryInvestment: "Investment",
	bank.CategoryOther:      "Other",
}

// consent shows what the person is asked.
func (s *Server) consent(w http.ResponseWriter, r *http.Request, institution bank.Institution, page sealed, chosen []string, missing bool) {
	accounts, err := s.accounts(r.Context(), institution.ID, page.Subject)
	if err != nil {
		s.fail(w, r, page, err)
		return
	}
	text, err := s.seal(pageUse, page, pageLife)
	if err != nil {
		s.fail(w, r, page, err)
		return
	}
	shown := view{
		Title:   "Share your accounts?",
		Bank:    institution.Name,
		Client:  s.config.ClientName,
		Person:  s.person(r.Context(), institution.ID, page.Subject, accounts),
		Missing: missing,
		Action:  s.config.Path + "/" + institution.ID + "/authorize",
		Page:    text,
	}
	shown.Mark, shown.Color = mark(institution.Name)
	for _, one := range shares {
		if slices.Contains(strings.Fields(page.Scope), one.scope) {
			shown.Shares = append(shown.Shares, one.share)
		}
	}
	if institution.PicksAccounts {
		for _, account := range accounts {
			shown.Accounts = append(shown.Accounts, rowOf(account, slices.Contains(chosen, account.ID)))
		}
	}
	status := http.StatusOK
	if missing {
		status = http.StatusUnprocessableEntity
	}
	s.show(w, status, shown)
}

func rowOf(account bank.Account, chosen bool) row {
	kind, ok := kinds[account.Subcategory]
	if !ok {
		kind = categories[account.Category]
	}
	return row{ID: account.ID, Name: account.Name, Kind: kind, Last4: account.Last4, Chosen: chosen}
}

// mark is the initial of a bank and its colour, always the same one.
func mark(name string) (string, uint32) {
	first, _ := utf8.DecodeRuneInString(name)
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // it never fails
	const colors = 6
	return string(unicode.ToUpper(first)), sum.Sum32() % colors
}

// accounts are all that the person has at the institution.
func (s *Server) accounts(ctx context.Context, institution, subject string) ([]bank.Account, error) {
	page, err := s.bank.Accounts(ctx, s.connection(institution, subject), "")
	return page.Items, err
}

// person is the name of whose accounts they are.
func (s *Server) person(ctx context.Context, institution, subject string, accounts []bank.Account) string {
	for _, account := range accounts {
		if owners, err := s.bank.Owners(ctx, s.connection(institution, subject), account.ID); err == nil {
			return owners[0].Name
		}
	}
	return ""
}

func (s *Server) connection(institution, subject string) bank.Connection {
	return bank.Connection{Grant: s.bank.Grant(institution, subject)}
}

// trouble shows what went wrong where there is nobody to tell but the person.
func (s *Server) trouble(w http.ResponseWriter, status int, what string) {
	s.show(w, status, view{Title: "This cannot go on", Trouble: what})
}

func (s *Server) show(w http.ResponseWriter, status int, shown view) {
	shown.Style = template.CSS(pageCSS) // it is ours
	var text bytes.Buffer
	if err := pages.Execute(&text, shown); err != nil {
		s.config.Log.Error("the sandbox bank cannot show its page", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	// The form's origin is told to ourselves and to nobody else.
	header.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser may have gone
}
