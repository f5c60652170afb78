package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"fincon/gen/control"
)

type linkCommand struct {
	controlURL
	tenantKey
	Session     string   `arg:"" help:"The session's id."`
	Institution string   `help:"The institution's name or id." default:"Test (Non-OAuth)" placeholder:"NAME"`
	Account     []string `help:"An account's name at the institution; give it again for each. All that the session allows, if none is given." sep:"none" placeholder:"NAME"`
}

// Run links accounts and prints them.
func (c *linkCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client(control.WithRequestEditorFn(c.authorize))
	if err != nil {
		return err
	}
	var session control.LinkedSession
	response, err := client.LinkSession(ctx, c.Session, nil, control.SessionLinkParams{Accounts: c.Account, Institution: c.Institution})
	if err := receive(response, err, &session); err != nil {
		return c.explain(err)
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, account := range session.Accounts.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t…%s\t%s\n", account.ID, account.InstitutionName, text(account.DisplayName), text(account.Last4),
			account.Status)
	}
	return table.Flush()
}

// text is what may be missing.
func text(known *string) string {
	if known == nil {
		return "-"
	}
	return oneLine(*known)
}
