package sandbox

import (
	"encoding/base32"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"fincon/impl/bank"
)

const (
	// routingNumber is the one of the API's test account numbers.
	routingNumber = "110000000"

	// shortly is how long what happens "right after the link" waits for the person to see the end of the flow.
	shortly = 10 * time.Second

	currency = "usd"
)

// A blueprint is an account of a test institution before it is anybody's.
type blueprint struct {
	key         string // the account's identity: changing it changes everything about the account
	name        string
	category    bank.Category
	subcategory bank.Subcategory
	number      numbering
	fixed       string // the account number, of accounts that are named for one
	owners      ownership
	closed      bool
	plan        *plan // nil: neither balance nor transactions
	low, high   int64 // dollars between which the balance begins
}

// numbering is what numbers an account has.
type numbering int

const (
	noNumber numbering = iota
	plainNumber
	blockedNumber       // no transfers: deactivated
	expiredToken        // deactivated when linked
	eventuallyToken     // expires 30 days after the link
	immediatelyToken    // deactivated shortly after the link
	tokenLife           = 30 * 24 * time.Hour
	reauthenticateEvery = 30 * 24 * time.Hour
	reauthenticateSoon  = 24 * time.Hour
)

const (
	cash       = bank.CategoryCash
	credit     = bank.CategoryCredit
	investment = bank.CategoryInvestment
	checking   = bank.SubcategoryChecking
	savings    = bank.SubcategorySavings
	other      = bank.SubcategoryOther
)

// basic has every category and subcategory. Those named for what an ACH debit of them does have the API's test account
// number for it, the same for everybody; "Success" comes first, for the flow preselects the first.
var basic = []blueprint{
	{key: "success", name: "Success", category: cash, subcategory: checking, number: plainNumber, fixed: "000123456789", plan: checkingPlan, low: 5000, high: 9000},
	{key: "savings", name: "Savings", category: cash, subcategory: savings, number: plainNumber, plan: savingsPlan, low: 8000, high: 25000},
	{key: "account_closed", name: "Account Closed", category: cash, subcategory: checking, number: plainNumber, fixed: "000111111113", closed: true},
	{key: "insufficient_funds", name: "Insufficient Funds", category: cash, subcategory: checking, number: plainNumber, fixed: "000222222227", plan: smallPlan, low: 40, high: 60},
	{key: "debit_not_authorized", name: "Debit Not Authorized", category: cash, subcategory: checking, number: plainNumber, fixed: "000333333335", plan: checkingPlan, low: 5000, high: 9000},
	{key: "cash_other", name: "Certificate of Deposit", category: cash, subcategory: other, plan: depositPlan, low: 2000, high: 10000},
	{key: "card", name: "Credit Card", category: credit, subcategory: bank.SubcategoryCreditCard, plan: cardPlan},
	{key: "line", name: "Line of Credit", category: credit, subcategory: bank.SubcategoryLineOfCredit, plan: linePlan},
	{key: "mortgage", name: "Mortgage", category: credit, subcategory: bank.SubcategoryMortgage, plan: mortgagePlan, low: -380000, high: -240000, owners: joint},
	{key: "credit_other", name: "Personal Loan", category: credit, subcategory: other, plan: loanPlan, low: -15000, high: -12000},
	{key: "investment", name: "Brokerage", category: investment, subcategory: other, plan: investmentPlan, low: 10000, high: 90000},
	{key: "other", name: "Life Insurance", category: bank.CategoryOther, subcategory: other},
}

// realistic is a household.
var realistic = []blueprint{
	{key: "checking", name: "Everyday Checking", category: cash, subcategory: checking, number: plainNumber, plan: checkingPlan, low: 5000, high: 9000, owners: joint},
	{key: "savings", name: "Rainy Day Savings", category: cash, subcategory: savings, number: plainNumber, plan: savingsPlan, low: 8000, high: 25000},
	{key: "card", name: "Everyday Rewards Card", category: credit, subcategory: bank.SubcategoryCreditCard, plan: cardPlan},
	{key: "mortgage", name: "Home Loan", category: credit, subcategory: bank.SubcategoryMortgage, plan: mortgagePlan, low: -380000, high: -240000, owners: joint},
	{key: "investment", name: "Retirement Fund", category: investment, subcategory: other, plan: investmentPlan, low: 20000, high: 120000},
}

// blueprints are the accounts of each institution; those without sign nobody in.
var blueprints = map[string][]blueprint{
	TestNonOAuth: basic,
	TestOAuth:    basic,
	BankNonOAuth: realistic,
	BankOAuth:    realistic,
	OwnershipAccounts: {
		ownershipAccount("single", "Single Owner", single),
		ownershipAccount("joint", "Joint Owners", joint),
		ownershipAccount("business", "Business Owner", business),
		ownershipAccount("name_only", "Owner Without Contact Details", nameOnly),
		ownershipAccount("none", "No Owners Available", nobody),
	},
	InvalidPaymentAccounts: {
		{key: "no_number", name: "Checking Without Account Number", category: cash, subcategory: checking, plan: checkingPlan, low: 5000, high: 9000},
		{key: "blocked", name: "Savings Without Transfers", category: cash, subcategory: savings, number: blockedNumber, plan: savingsPlan, low: 500, high: 9000},
		{key: "prepaid", name: "Prepaid Card", category: cash, subcategory: other, plan: smallPlan, low: 40, high: 60},
	},
	TokenizedAccountNumber: {
		tokenAccount("expired", "Expired Tokenized Account Number", expiredToken),
		tokenAccount("eventually", "Eventually Expiring Tokenized Account Number", eventuallyToken),
		tokenAccount("immediately", "Immediately Expiring Tokenized Account Number", immediatelyToken),
	},
	InactiveAccounts:          pair,
	ImmediatelyRequiresReauth: pair,
	EventuallyRequiresReauth:  pair,
	NotSharedThroughLink:      pair,
}

// pair is for institutions that are about the connection rather than the accounts.
var pair = []blueprint{
	{key: "checking", name: "Checking", category: cash, subcategory: checking, number: plainNumber, plan: checkingPlan, low: 5000, high: 9000},
	{key: "savings", name: "Savings", category: cash, subcategory: savings, number: plainNumber, plan: savingsPlan, low: 8000, high: 25000},
}

func ownershipAccount(key, name string, owners ownership) blueprint {
	return blueprint{
		key: key, name: name, category: cash, subcategory: checking, number: plainNumber, owners: owners,
		plan: checkingPlan, low: 5000, high: 9000,
	}
}

func tokenAccount(key, name string, number numbering) blueprint {
	return blueprint{
		key: key, name: name, category: cash, subcategory: checking, number: number,
		plan: checkingPlan, low: 5000, high: 9000,
	}
}

// account is a blueprint that has become somebody's.
type account struct {
	*blueprint
	household *household
	id        string
	seed      seed
	digits    string // the account number; its last four are known of accounts without one, too
	token     string // the number that stands for it, if its numbering is one of tokens
	opening   int64  // cents at the epoch

	// The household's other accounts, nil where there are none: what leaves one account arrives in the other.
	savings, card, mortgage *account
}

// accountsOf are the accounts of a person, the same whenever asked. Another institution or subject has others.
func accountsOf(institution, subject string) []*account {
	who := sharer{institution, subject}
	if known, ok := lately.Get(who); ok {
		return known
	}
	accounts := makeAccounts(institution, subject)
	lately.Add(who, accounts)
	return accounts
}

// lately is the accounts of those who were asked about last. They are never changed.
var lately, _ = lru.New[sharer, []*account](256) // the size is a valid one

type sharer struct{ institution, subject string }

func makeAccounts(institution, subject string) []*account {
	plans := blueprints[institution]
	household := householdOf(institution, subject)
	accounts := make([]*account, len(plans))
	for i := range plans {
		accounts[i] = newAccount(&plans[i], household, institution, subject)
	}
	// The first checking account is the household's; the others live alone.
	main := slices.IndexFunc(accounts, func(a *account) bool { return a.plan == checkingPlan })
	if main >= 0 {
		accounts[main].savings = find(accounts, savingsPlan)
		accounts[main].card = find(accounts, cardPlan)
		accounts[main].mortgage = find(accounts, mortgagePlan)
	}
	return accounts
}

func newAccount(blueprint *blueprint, household *household, institution, subject string) *account {
	sum := digest("account id", institution, subject, blueprint.key)
	a := &account{
		blueprint: blueprint,
		household: household,
		id:        "acct_" + strings.ToLower(base32.HexEncoding.EncodeToString(sum[:15])),
		seed:      seedOf("account", institution, subject, blueprint.key),
		digits:    blueprint.fixed,
	}
	identity := seedOf("account number", institution, subject, blueprint.key).at(0)
	if digits := identity.digits(int(identity.between(9, 12))); a.digits == "" {
		a.digits = digits
	}
	a.token = identity.digits(16)
	a.opening = identity.between(blueprint.low*100, blueprint.high*100)
	return a
}

func find(accounts []*account, plan *plan) *account {
	i := slices.IndexFunc(accounts, func(a *account) bool { return a.plan == plan })
	if i < 0 {
		return nil
	}
	return accounts[i]
}

// describe is the account as the bank tells it now.
func (a *account) describe(grant bank.Grant, now time.Time) bank.Account {
	described := bank.Account{
		ID:                 a.id,
		Name:               a.name,
		Category:           a.category,
		Subcategory:        a.subcategory,
		Last4:              a.digits[len(a.digits)-4:],
		Currency:           currency,
		Status:             bank.AccountActive,
		PaymentMethodTypes: []string{},
	}
	var ends, changes time.Time
	described.Inactive, described.ExpectedDeactivation, ends = a.life(grant, now)
	if described.Inactive != nil {
		described.Status = bank.AccountInactive
	}
	if a.number != noNumber {
		details, expires := a.numberDetails(grant, now)
		described.Numbers = []bank.NumberDetails{details}
		changes = expires
		// An account with a dead token stays one for payments: it can be linked to see what becomes of it.
		if a.number != blockedNumber {
			described.PaymentMethodTypes = []string{bank.PaymentMethodUSBankAccount}
		}
	}
	for _, next := range []time.Time{ends, changes} {
		if next.After(now) && (described.NextChange.IsZero() || next.Before(described.NextChange)) {
			described.NextChange = next
		}
	}
	return described
}

// life says why the account is inactive, or when it will be: nil, nil and zero for one that stays.
func (a *account) life(grant bank.Grant, now time.Time) (*bank.InactiveDetails, *bank.ExpectedDeactivation, time.Time) {
	since := grant.Since()
	if a.closed {
		// It can be chosen, and comes back inactive from the link.
		if end := since.Add(shortly); grant.Linked.IsZero() && now.Before(end) {
			return nil, nil, end
		}
		return &bank.InactiveDetails{Action: bank.ActionNone, Cause: bank.CauseAccountClosed}, nil, time.Time{}
	}
	var end time.Time
	announced := false
	switch grant.Institution {
	case InactiveAccounts:
		if grant.Relinks == 0 {
			end = since.Add(shortly)
		}
	case ImmediatelyRequiresReauth:
		end = since.Add(shortly)
		if grant.Relinks > 0 {
			end, announced = since.Add(reauthenticateSoon), true
		}
	case EventuallyRequiresReauth:
		end, announced = since.Add(reauthenticateEvery), true
	}
	switch {
	case end.IsZero():
		return nil, nil, end
	case !now.Before(end):
		return &bank.InactiveDetails{Action: bank.ActionRelinkRequired, Cause: bank.CauseAccessExpired}, nil, time.Time{}
	case announced:
		return nil, &bank.ExpectedDeactivation{
			Date: end, Action: bank.ActionRelinkRequired, Cause: bank.CauseAccessExpired,
		}, end
	}
	return nil, nil, end
}

// numberDetails describes the account's number and says when that changes, zero if it does not.
func (a *account) numberDetails(grant bank.Grant, now time.Time) (bank.NumberDetails, time.Time) {
	details := bank.NumberDetails{
		IdentifierType:    bank.IdentifierTokenizedAccountNumber,
		Status:            bank.NumberTransactable,
		SupportedNetworks: []string{bank.NetworkACH},
	}
	changes := time.Time{}
	switch a.number {
	case plainNumber:
		details.IdentifierType = bank.IdentifierAccountNumber
	case blockedNumber:
		details.IdentifierType = bank.IdentifierAccountNumber
		details.Status = bank.NumberDeactivated
	case expiredToken:
		details.Status = bank.NumberDeactivated
	case eventuallyToken:
		changes = grant.Since().Add(tokenLife)
		expiry := changes
		details.ExpectedExpiry = &expiry
		if !now.Before(changes) {
			details.Status = bank.NumberExpired
		}
	case immediatelyToken:
		changes = grant.Since().Add(shortly)
		if !now.Before(changes) {
			details.Status = bank.NumberDeactivated
		}
	}
	return details, changes
}

// numbers are what a payment to the account is sent to.
func (a *account) numbers(grant bank.Grant, now time.Time) []bank.Number {
	if a.number == noNumber {
		return nil
	}
	details, _ := a.numberDetails(grant, now)
	number := bank.Number{RoutingNumber: routingNumber, AccountNumber: a.digits, Details: details}
	if details.IdentifierType == bank.IdentifierTokenizedAccountNumber {
		number.AccountNumber = a.token
	}
	return []bank.Number{number}
}
