package link

import (
	"fmt"

	"fincon/gen"
	"fincon/impl/bank"
)

// texts are what the panes say. Links in them are Markdown; those of the scheme stripe: open something within the client
// (link-protocol 5.3).
func (w *flow) texts() gen.LinkText {
	notice := w.sharing()
	consent := gen.LinkConsentText{
		Title:    w.title(),
		AboveCta: "By continuing you agree to share [this data](stripe://data-access-notice) under [these terms](stripe://legal-details-notice).",
		Cta:      "Agree and continue",
		Body: gen.LinkBullets{Bullets: []gen.LinkBullet{
			bullet("You choose what is shared", "Only the accounts that you pick, and only the data listed here."),
			bullet("Your bank password stays with your bank", "It is never shown to the business."),
			bullet("You can stop at any time", "Ask the business to disconnect your accounts."),
		}},
		DataAccessNotice: notice,
		LegalDetailsNotice: gen.LinkLegalNotice{
			Title: "Terms and privacy", Cta: "OK", Icon: noImage(),
			Subtitle: text("The business that you came from decides how your data is used."),
			Body: gen.LinkLinks{Links: []gen.LinkLink{
				{Title: "The business's terms", Content: text("Find them where you came from.")},
				{Title: "The business's privacy policy", Content: text("It says what your data is used for, and for how long.")},
			}},
		},
	}
	if w.manualEntry() {
		consent.BelowCta = text("[Enter account numbers instead](stripe://manual-entry)")
	}
	return gen.LinkText{ConsentPane: consent, AccountPickerPane: &gen.LinkAccountPickerText{DataAccessNotice: notice}}
}

func (w *flow) title() string {
	if w.business == "" {
		return "Link your accounts"
	}
	return "Link your accounts with " + w.business
}

func bullet(title, content string) gen.LinkBullet {
	return gen.LinkBullet{Title: &title, Content: &content, Icon: noImage()}
}

// shared is what each permission lets the business see.
var shared = map[gen.Permission]gen.LinkBullet{
	gen.PermissionBalances:      bullet("Balances", "What is in the account, and what can be spent."),
	gen.PermissionOwnership:     bullet("Owners", "The names and contact details that the bank has."),
	gen.PermissionPaymentMethod: bullet("Account numbers", "The numbers that payments are sent to."),
	gen.PermissionTransactions:  bullet("Transactions", "What went in and out, and what will."),
}

// sharing says what is shared, by the session's permissions.
func (w *flow) sharing() gen.LinkNotice {
	notice := gen.LinkNotice{
		Title: "What you share", Cta: "OK", Icon: noImage(),
		Subtitle: text("Of each account that you link, the business will see:"),
		Body:     gen.LinkBullets{Bullets: []gen.LinkBullet{bullet("Account details", "Its name, its kind and the last digits of its number.")}},
	}
	for _, permission := range w.session.Permissions {
		notice.Body.Bullets = append(notice.Body.Bullets, shared[permission])
	}
	if w.payout() && !w.permits(gen.PermissionPaymentMethod) {
		notice.Body.Bullets = append(notice.Body.Bullets, shared[gen.PermissionPaymentMethod])
	}
	return notice
}

// prepane is what is said before the person goes to the bank's own page.
func (w *flow) prepane(institution bank.Institution) *gen.LinkPrepane {
	return &gen.LinkPrepane{
		Title:    fmt.Sprintf("Sign in at %s", institution.Name),
		Subtitle: "A window of your bank opens. Sign in there, and choose what to share.",
		Body: gen.LinkEntries{Entries: []gen.LinkEntry{
			{Type: gen.LinkEntryTypeText, Content: "When you are done, you come back here."},
		}},
		Cta:              gen.LinkButton{Text: "Continue", Icon: noImage()},
		DataAccessNotice: w.sharing(),
		InstitutionIcon:  *noImage(),
	}
}
