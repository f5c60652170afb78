package bank

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Category is the kind of an account. A bank's own kinds that fit none are CategoryOther.
type Category string

const (
	CategoryCash       Category = "cash"
	CategoryCredit     Category = "credit"
	CategoryInvestment Category = "investment"
	CategoryOther      Category = "other"
)

// Subcategory refines a Category: cash has checking, savings, other; credit has credit_card, line_of_credit, mortgage,
// other; investment and other have other only.
type Subcategory string

const (
	SubcategoryChecking     Subcategory = "checking"
	SubcategoryCreditCard   Subcategory = "credit_card"
	SubcategoryLineOfCredit Subcategory = "line_of_credit"
	SubcategoryMortgage     Subcategory = "mortgage"
	SubcategoryOther        Subcategory = "other"
	SubcategorySavings      Subcategory = "savings"
)

// AccountStatus is whether the bank gives data of an account. (Disconnected is the server's own state, no bank's.)
type AccountStatus string

const (
	AccountActive   AccountStatus = "active"
	AccountInactive AccountStatus = "inactive"
)

// Action is what makes, or keeps, an account active.
type Action string

const (
	ActionNone           Action = "none"            // nothing can be done
	ActionRelinkRequired Action = "relink_required" // the person has to sign in again
)

// Cause is why an account is, or will be, inactive. A coming deactivation has one of the first three.
type Cause string

const (
	CauseAccessExpired          Cause = "access_expired"
	CauseInstitutionRequirement Cause = "institution_requirement"
	CauseUnspecified            Cause = "unspecified"
	CauseAccessDenied           Cause = "access_denied"
	CauseAccountClosed          Cause = "account_closed"
	CauseAccountUnavailable     Cause = "account_unavailable"
)

// PaymentMethodUSBankAccount in Account.PaymentMethodTypes: the account can be debited and credited by ACH.
const PaymentMethodUSBankAccount = "us_bank_account"

// Account is an account as its bank describes it.
type Account struct {
	ID          string // stable at the bank for this person; not the account number
	Name        string // "" if the bank gives none
	Category    Category
	Subcategory Subcategory
	Last4       string // the last four digits of the account's own number, never of a token for it; "" if unknown
	Currency    string // ISO 4217, lower case

	Status AccountStatus
	// Inactive explains AccountInactive; nil if the bank does not, or the account is active.
	Inactive *InactiveDetails `json:",omitempty"`
	// ExpectedDeactivation is a coming end that the bank has announced; nil: none, or the account is inactive.
	ExpectedDeactivation *ExpectedDeactivation `json:",omitempty"`

	// Numbers describe the account's numbers, without telling them; empty if it has none.
	Numbers []NumberDetails `json:",omitempty"`
	// PaymentMethodTypes is what the account can be paid with: us_bank_account or nothing.
	PaymentMethodTypes []string `json:",omitempty"`

	// NextChange is when the bank expects any of the above to change, always in the future: ask again then. Zero: unknown.
	NextChange time.Time `json:",omitzero"`
}

// InactiveDetails is why an account is inactive and what would change that.
type InactiveDetails struct {
	Action Action
	Cause  Cause
}

// ExpectedDeactivation is an announced end of access.
type ExpectedDeactivation struct {
	Date   time.Time
	Action Action // what the person can do about it
	Cause  Cause  // access_expired, institution_requirement or unspecified
}

// IdentifierType is what stands for the account in a payment.
type IdentifierType string

const (
	IdentifierAccountNumber          IdentifierType = "account_number"
	IdentifierTokenizedAccountNumber IdentifierType = "tokenized_account_number" // stands for it with one recipient
)

// NumberStatus is whether a number can be paid with.
type NumberStatus string

const (
	NumberTransactable NumberStatus = "transactable"
	NumberDeactivated  NumberStatus = "deactivated"
	NumberPending      NumberStatus = "pending"
	NumberExpired      NumberStatus = "expired"
)

// NetworkACH in NumberDetails.SupportedNetworks.
const NetworkACH = "ach"

// NumberDetails describes a number without telling it.
type NumberDetails struct {
	IdentifierType    IdentifierType
	Status            NumberStatus
	ExpectedExpiry    *time.Time `json:",omitempty"` // nil: none known
	SupportedNetworks []string
}

// Number is what a payment is sent to. It is secret; printing or logging one shows the last four digits.
type Number struct {
	RoutingNumber string // nine digits
	AccountNumber string // or the token for it: 1 to 17 digits
	Details       NumberDetails
}

// String shows the last four digits, and of a number that has no more than those, none.
func (n Number) String() string {
	last4 := ""
	if len(n.AccountNumber) > 4 {
		last4 = n.AccountNumber[len(n.AccountNumber)-4:]
	}
	return fmt.Sprintf("%s …%s (%s)", n.Details.IdentifierType, last4, n.Details.Status)
}

// GoString is String: %#v shows no more.
func (n Number) GoString() string { return n.String() }

// Format is String for every verb.
func (n Number) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, n.String()) }

// LogValue is what slog shows.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// BalanceType says which of a Balance's details applies.
type BalanceType string

const (
	BalanceCash   BalanceType = "cash"   // of cash and investment accounts
	BalanceCredit BalanceType = "credit" // of credit accounts
)

// Balance is what an account holds. Amounts are in minor units of Currency (cents); positive is owed to the holder, so
// what is owed on a card is negative.
type Balance struct {
	AsOf     time.Time // when the bank computed it, or an upper bound
	Currency string    // ISO 4217, lower case
	Type     BalanceType
	Current  int64 // posted transactions only
	// Available, of BalanceCash, is what can be spent: Current less what is pending, or an investment account's cash.
	// nil: the bank does not say.
	Available *int64
	// Used, of BalanceCredit, is what has been drawn from the line; negative or 0. nil: the bank does not say, or, as
	// for loans, there is no line.
	Used *int64
}

// Owner is somebody to whom an account belongs. Only Name is always there; "" elsewhere: the bank does not say.
type Owner struct {
	Name       string
	Email      string
	Phone      string // with + and the country's code, if the bank gives it
	RawAddress string // one line of free text
}

// TransactionStatus moves from pending to posted or void, once.
type TransactionStatus string

const (
	TransactionPending TransactionStatus = "pending"
	TransactionPosted  TransactionStatus = "posted"
	TransactionVoid    TransactionStatus = "void"
)

// Transaction is money that moved, or was to move.
type Transaction struct {
	ID           string // unique within the account only; the same while pending and after
	Amount       int64  // minor units of Currency (cents); negative is money out of the account, or spent on credit
	Currency     string // ISO 4217, lower case
	Description  string // at most 5000 characters
	Status       TransactionStatus
	TransactedAt time.Time  // when it was made
	PostedAt     *time.Time // if Status is posted
	VoidAt       *time.Time // if Status is void
}

// TransactionQuery is which transactions are wanted: those with From <= TransactedAt <= To.
type TransactionQuery struct {
	From   time.Time // zero: as far back as the bank goes
	To     time.Time // zero: now
	Cursor string    // Page.Next of the page before, with the same From and To; "" for the first
}
