package sandbox

import (
	"time"

	"fincon/impl/bank"
)

// The ids of the test institutions. What each does is said at its entry in institutions and in accounts.go.
const (
	TestNonOAuth              = "fcinst_Qn1a7A4KhL42se"
	TestOAuth                 = "fcinst_Qn1a6jqpI0Gb84"
	BankNonOAuth              = "fcinst_Qn1aVTBBJ4ubmQ"
	BankOAuth                 = "fcinst_Qn1aNn8l07746s"
	OwnershipAccounts         = "fcinst_Qn1aly9zRRkWP1"
	InvalidPaymentAccounts    = "fcinst_Qn1aporTsLJQH4"
	DownScheduled             = "fcinst_Qn1aC9A7bD2EED"
	DownUnscheduled           = "fcinst_Qn1a8Ynz2Il9zF"
	DownError                 = "fcinst_Qn1aOU8Z6Qsvpn"
	TokenizedAccountNumber    = "fcinst_Qn1aTk7dR4wNu2"
	InactiveAccounts          = "fcinst_Qn1aInA3cT9vSh"
	ImmediatelyRequiresReauth = "fcinst_Qn1aRq1mM8dTly"
	EventuallyRequiresReauth  = "fcinst_Qn1aRq2eV5nTua"
	NotSharedThroughLink      = "fcinst_Qn1aNs6lK0tHru"
)

// LinkedName is the institution_name of every account of a test institution, whichever the person picked.
const LinkedName = "StripeBank"

var institutions = []bank.Institution{
	// The form of the Test institution asks for nothing; those of the Bank institutions have steps.
	featured(0, TestNonOAuth, "bcinst_Jg18xEfPHevfHP", "Test (Non-OAuth)"),
	withOAuth(featured(1, TestOAuth, "bcinst_LLQZzmKZMjl0j0", "Test (OAuth)")),
	featured(2, OwnershipAccounts, "bcinst_LLQZzmKZMjl0jf", "Ownership Accounts"),
	pickingAccounts(withOAuth(featured(3, BankOAuth, "bcinst_RJnR88CE2nmpVF", "Bank (OAuth)"))),
	featured(4, BankNonOAuth, "bcinst_RpAh7cQLyntawr", "Bank (Non-OAuth)"),
	featured(5, InvalidPaymentAccounts, "bcinst_JqZfPE8Ckm8kKU", "Invalid Payment Accounts"),
	featured(6, DownScheduled, "bcinst_JoazV8C7lSyXt4", "Down (Scheduled)"),
	featured(7, DownUnscheduled, "bcinst_Job0h4OGUcHbR3", "Down (Unscheduled)"),
	featured(8, DownError, "bcinst_Jq8pfHc6UyAuCs", "Down (Error)"),
	searchOnly(TokenizedAccountNumber, "bcinst_TkNqW5mR8sLp3x", "Tokenized Account Number"),
	searchOnly(InactiveAccounts, "bcinst_InCtV2aX7pQe9d", "Inactive Accounts"),
	searchOnly(ImmediatelyRequiresReauth, "bcinst_RqImM4tB6yKw1z", "Immediately Requires Reauthentication"),
	searchOnly(EventuallyRequiresReauth, "bcinst_RqEvT8uC3jHg5n", "Eventually Requires Reauthentication"),
	searchOnly(NotSharedThroughLink, "bcinst_NsLkD1hF0rVo7s", "Data cannot be shared through Link"),
}

func searchOnly(id, linkID, name string) bank.Institution {
	return bank.Institution{
		ID:              id,
		LinkID:          linkID,
		Name:            name,
		URL:             "https://bank.example",
		LinkedName:      LinkedName,
		Countries:       []string{"US"},
		SearchOnly:      true,
		RefreshInterval: time.Second,
	}
}

func featured(order int, id, linkID, name string) bank.Institution {
	institution := searchOnly(id, linkID, name)
	institution.SearchOnly = false
	institution.Featured = true
	institution.FeaturedOrder = order
	return institution
}

func withOAuth(institution bank.Institution) bank.Institution {
	institution.OAuth = true
	return institution
}

func pickingAccounts(institution bank.Institution) bank.Institution {
	institution.PicksAccounts = true
	return institution
}
