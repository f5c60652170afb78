import { asked } from './api';

export interface Snippet { name: string; text: string }

const holder = asked.account_holder;

/** The request that the page sends, as a person would send it. */
export function snippets(base: string, secret: string): Snippet[] {
  return [
    { name: 'curl', text: curl(base, secret) },
    { name: 'Go', text: go(base, secret) },
    { name: 'Node', text: node(base, secret) },
  ];
}

function curl(base: string, secret: string): string {
  const form = [
    `"account_holder[type]"=${holder.type}`, `"account_holder[customer]"=${holder.customer}`,
    ...asked.permissions.map((permission) => `"permissions[]"=${permission}`),
  ];
  return [`curl ${base}/v1/financial_connections/sessions`, `-u "${secret}:"`, ...form.map((pair) => `-d ${pair}`)].join(' \\\n  ');
}

function go(base: string, secret: string): string {
  return `backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
	URL: stripe.String("${base}"),
})
client := stripe.NewClient("${secret}", stripe.WithBackends(backends))
session, err := client.V1FinancialConnectionsSessions.Create(ctx,
	&stripe.FinancialConnectionsSessionCreateParams{
		AccountHolder: &stripe.FinancialConnectionsSessionCreateAccountHolderParams{
			Type:     stripe.String("${holder.type}"),
			Customer: stripe.String("${holder.customer}"),
		},
		Permissions: stripe.StringSlice([]string{
			${asked.permissions.map((permission) => `"${permission}"`).join(', ')},
		}),
	})
`;
}

function node(base: string, secret: string): string {
  const { protocol, hostname, port } = new URL(base);
  const scheme = protocol.slice(0, -1);
  return `const stripe = new Stripe('${secret}', {
  host: '${hostname}', port: ${port || (scheme === 'https' ? '443' : '80')}, protocol: '${scheme}',
});
const session = await stripe.financialConnections.sessions.create({
  account_holder: { type: '${holder.type}', customer: '${holder.customer}' },
  permissions: [${asked.permissions.map((permission) => `'${permission}'`).join(', ')}],
});
`;
}

/** How events come to a person's backend. */
export const webhookSnippet = (base: string, secret: string): string => `curl ${base}/v1/webhook_endpoints \\
  -u "${secret}:" \\
  -d url=http://127.0.0.1:4242/webhook \\
  -d "enabled_events[]"="*"`;
