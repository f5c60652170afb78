package link

import (
	"slices"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/bank"
)

// next is the pane at which the person is. It is the one place that decides this.
func (w *flow) next() gen.LinkPane {
	s := w.signIn(w.Active)
	switch {
	case w.AtTyped:
		return gen.LinkPaneManualEntrySuccess
	case w.Consent == 0:
		return gen.LinkPaneConsent
	case s == nil || !w.open(s):
		return gen.LinkPaneInstitutionPicker
	}
	return w.after(s)
}

// after is the pane that follows from one sign-in.
func (w *flow) after(s *signIn) gen.LinkPane {
	switch w.standing(s) {
	case authorized:
		switch {
		case !s.Chosen:
			return gen.LinkPaneAccountPicker
		case w.toAttach(s) != "":
			return gen.LinkPaneAttachLinkedPaymentAccount
		}
		return gen.LinkPaneSuccess
	case waiting, finishing, denied:
		// A client that finds another pane than this, when the window was closed, takes the sign-in for one that went
		// well (link-protocol 5.2, 7).
		return gen.LinkPanePartnerAuth
	}
	return gen.LinkPaneInstitutionPicker
}

// toAttach is the linked account of the sign-in whose number is still to be fetched, "" if there is none.
func (w *flow) toAttach(s *signIn) string {
	if !w.wantsNumbers() || w.Attached != "" {
		return ""
	}
	for _, o := range s.Offers {
		if linked := w.linkedID(s, o); linked != "" && account.Payable(o.Account) {
			return linked
		}
	}
	return ""
}

// payout tells whether the session is for paying out to a connected account: it results in a token for one account.
func (w *flow) payout() bool {
	return w.session.AccountHolder != nil && w.session.AccountHolder.Type == gen.HolderTypeAccount
}

// wantsNumbers tells whether the account's numbers are part of what the person agrees to share.
func (w *flow) wantsNumbers() bool { return w.payout() || w.permits(gen.PermissionPaymentMethod) }

func (w *flow) permits(permission gen.Permission) bool {
	return slices.Contains(w.session.Permissions, permission)
}

// limit is how many accounts can be linked, 0 for any number.
func (w *flow) limit() int {
	switch {
	case w.payout():
		return 1
	case w.session.Limits != nil:
		return int(w.session.Limits.Accounts)
	}
	return 0
}

// full tells whether no more accounts can be linked.
func (w *flow) full() bool {
	count := len(w.Linked)
	if w.Typed != nil && w.limit() == 1 {
		count++ // the one account is the one that was typed
	}
	return w.limit() > 0 && count >= w.limit()
}

// manualEntry tells whether an account number may be typed.
func (w *flow) manualEntry() bool {
	entry := w.session.ManualEntry
	return entry != nil && entry.Mode != nil && *entry.Mode == gen.ManualEntryModeAutomatic
}

// requires tells how many of the linked accounts must be usable for payments.
func (w *flow) requires() gen.PaymentMethodSupport {
	switch filters := w.session.Filters; {
	case w.payout():
		return gen.PaymentMethodSupportAll
	case filters != nil && filters.RequirePaymentMethodSupport != nil:
		return *filters.RequirePaymentMethodSupport
	}
	return gen.PaymentMethodSupportNone
}

// refusal is why an account cannot be chosen, "" if it can.
func (w *flow) refusal(a bank.Account) string {
	switch {
	case w.requires() == gen.PaymentMethodSupportAll && !account.Payable(a):
		return "This account can't be used for payments."
	case !account.Selectable(w.session, a):
		return "This kind of account isn't accepted here."
	case a.Status != bank.AccountActive:
		return "The bank doesn't share this account's data at the moment."
	}
	return ""
}
