package link

import (
	"net/url"

	"fincon/gen"
	"fincon/impl/bank"
)

// manifest is the flow as a client sees it. Mobile clients refuse it when a field that they know is missing
// (link-protocol 5.3), so even what has always the same value is there.
func (w *flow) manifest(call Call) gen.LinkManifest {
	manifest := gen.LinkManifest{
		ID:                                     w.session.ID,
		AllowManualEntry:                       w.manualEntry(),
		CancelURL:                              call.BaseURL + CancelPath,
		ConsentRequired:                        true,
		DisableLinkMoreAccounts:                w.full() || w.limit() == 1,
		ExperimentAssignments:                  gen.LinkAssignments{},
		Features:                               gen.LinkAssignments{},
		HostedAuthURL:                          hostedURL(call),
		IsEndUserFacing:                        yes(true),
		IsLinkWithStripe:                       yes(false),
		IsStripeDirect:                         yes(false),
		Limits:                                 w.session.Limits,
		LinkAccountSessionCancellationBehavior: gen.LinkManifestLinkAccountSessionCancellationBehaviorTreatAsSilentSuccess,
		Livemode:                               w.session.Livemode,
		ManualEntryMode:                        gen.LinkManifestManualEntryModeAutomatic,
		NextPane:                               w.next(),
		Permissions:                            w.session.Permissions,
		Product:                                gen.LinkManifestProductExternalAPI,
		ReturnURL:                              w.session.ReturnURL,
		SingleAccount:                          w.limit() == 1,
		SuccessURL:                             call.BaseURL + SuccessPath,
		Theme:                                  gen.LinkManifestThemeLight,
		UseSingleSortSearch:                    true,
		Version:                                gen.LinkManifestVersionV3,
	}
	if w.business != "" {
		manifest.BusinessName = &w.business
	}
	if w.Consent != 0 {
		manifest.ConsentAcquiredAt = &w.Consent
	}
	if w.payout() {
		kind := gen.LinkManifestPaymentMethodTypeUsBankAccount
		manifest.PaymentMethodType = &kind
	}
	if filters := w.session.Filters; filters != nil {
		manifest.AccountSubcategories = filters.AccountSubcategories
	}
	if s := w.signIn(w.Active); s != nil && w.open(s) {
		active := w.authSession(s)
		manifest.ActiveAuthSession, manifest.ActiveInstitution = &active, &active.Institution
	}
	return manifest
}

func yes(b bool) *bool { return &b }

// hostedURL is where the whole flow runs as a page. What the page needs to know is behind the #, which browsers keep to
// themselves: it reaches no log and no other site.
func hostedURL(call Call) string {
	values := url.Values{"client_secret": {call.Secret}}
	if call.Key != "" {
		values.Set("key", call.Key)
	}
	if call.ConnectedAccount != "" {
		values.Set("account", call.ConnectedAccount)
	}
	return call.BaseURL + FlowPath + "#" + values.Encode()
}

// authSession is a sign-in as a client sees it.
func (w *flow) authSession(s *signIn) gen.LinkAuthSession {
	institution := w.institution(s)
	session := gen.LinkAuthSession{
		ID:                              s.ID,
		Flow:                            flowKind(institution),
		Institution:                     institutionObject(institution),
		InstitutionSkipAccountSelection: institution.PicksAccounts,
		IsOauth:                         institution.OAuth,
		NextPane:                        w.after(s),
		Questions:                       questions(s.Questions),
		SkipAccountSelection:            institution.PicksAccounts,
	}
	if s.Status == waiting {
		session.URL = &s.URL
	}
	if institution.OAuth {
		session.Display = &gen.LinkAuthDisplay{Text: gen.LinkAuthText{OauthPrepane: w.prepane(institution)}}
	}
	return session
}

func flowKind(institution bank.Institution) gen.LinkAuthSessionFlow {
	switch {
	case institution.Livemode && institution.OAuth:
		return gen.LinkAuthSessionFlowDirectWebview
	case institution.Livemode:
		return gen.LinkAuthSessionFlowDirect
	case institution.OAuth:
		return gen.LinkAuthSessionFlowTestmodeOauth
	}
	return gen.LinkAuthSessionFlowTestmode
}

func questions(asked []bank.Question) []gen.LinkQuestion {
	objects := make([]gen.LinkQuestion, len(asked))
	for i, question := range asked {
		objects[i] = gen.LinkQuestion{
			Name: question.Name, Label: question.Label, Type: gen.LinkQuestionType(question.Type), Options: []gen.LinkOption{},
		}
		if question.Error != "" {
			objects[i].Error = &question.Error
		}
		for _, option := range question.Options {
			objects[i].Options = append(objects[i].Options, gen.LinkOption{Label: option.Label, Value: option.Value})
		}
	}
	return objects
}

// partnerAccounts is offers as a client sees them.
func (w *flow) partnerAccounts(s *signIn, offers []*offer) gen.LinkPartnerAccountList {
	list := gen.LinkPartnerAccountList{
		Data: make([]gen.LinkPartnerAccount, len(offers)), NextPane: w.after(s), SkipAccountSelection: w.skipSelection(s),
	}
	for i, o := range offers {
		list.Data[i] = w.partnerAccount(s, o)
	}
	return list
}

// skipSelection tells whether there is nothing to choose: the person did so at the bank, and all of it can be linked.
func (w *flow) skipSelection(s *signIn) bool {
	if !w.institution(s).PicksAccounts {
		return false
	}
	for _, o := range s.Offers {
		if w.refusal(o.Account) != "" {
			return false
		}
	}
	return w.fits(s, s.Offers) == nil
}

func (w *flow) partnerAccount(s *signIn, o *offer) gen.LinkPartnerAccount {
	institution := w.institution(s)
	object := institutionObject(institution)
	account := gen.LinkPartnerAccount{
		ID:                          o.ID,
		AllowSelection:              true,
		Authorization:               s.ID,
		BalanceAmount:               o.Balance,
		Category:                    gen.LinkPartnerAccountCategory(o.Account.Category),
		Institution:                 &object,
		InstitutionName:             institution.Name,
		Name:                        o.Account.Name,
		Status:                      gen.LinkPartnerAccountStatus(o.Account.Status),
		Subcategory:                 gen.LinkPartnerAccountSubcategory(o.Account.Subcategory),
		SupportedPaymentMethodTypes: []gen.LinkPartnerAccountSupportedPaymentMethodTypes{},
	}
	if refusal := w.refusal(o.Account); refusal != "" {
		account.AllowSelection, account.AllowSelectionMessage = false, &refusal
	}
	if account.Name == "" {
		account.Name = "Account"
	}
	if o.Account.Last4 != "" {
		account.DisplayableAccountNumbers = &o.Account.Last4
	}
	if o.Balance != nil {
		account.Currency = &o.Account.Currency
	}
	if linked := w.linkedID(s, o); linked != "" {
		account.LinkedAccountID = &linked
	}
	for _, kind := range o.Account.PaymentMethodTypes {
		account.SupportedPaymentMethodTypes = append(account.SupportedPaymentMethodTypes,
			gen.LinkPartnerAccountSupportedPaymentMethodTypes(kind))
	}
	return account
}
