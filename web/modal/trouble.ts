import { Refusal } from './api';

/** What can stand in the way. Each is a pane of its own, which says what to do next. */
export type Trouble =
  | { kind: 'homeless' }                                             // nobody says what to open
  | { kind: 'used' | 'expired' | 'unknown'; error: Refusal['error'] } // the session cannot go on
  | { kind: 'down'; bank: string; until: number | null }             // in Unix seconds, when it is known
  | { kind: 'broken' | 'failed'; bank: string }
  | { kind: 'unsuitable'; bank: string; count: number }
  | { kind: 'empty' | 'unreadable'; bank: string }
  | { kind: 'noNumber'; bank: string };

/** What a refusal means for the person; null when it is none of what can be expected. */
export function troubleOf(refusal: Refusal, bank: string): Trouble | 'resume' | null {
  const { error, fields } = refusal;
  switch (refusal.code) {
    case 'session_expired': return { kind: 'expired', error };
    case 'session_already_used': return { kind: 'used', error };
    case 'resource_missing':
      if (refusal.param === 'client_secret') return { kind: 'unknown', error };
      return 'resume'; // the flow went on elsewhere
    case 'institution_unavailable': {
      const until = fields.expected_to_be_available_at;
      return { kind: 'down', bank, until: typeof until === 'number' ? until : null };
    }
  }
  switch (refusal.reason) {
    case 'no_supported_payment_method_type_accounts_found': {
      const count = fields.total_accounts_count;
      return { kind: 'unsuitable', bank, count: typeof count === 'number' ? count : 2 };
    }
    case 'no_accounts_found': return { kind: 'empty', bank };
    case 'account_retrieval_failed': return { kind: 'unreadable', bank };
    case 'account_number_retrieval_failed': return { kind: 'noNumber', bank };
  }
  if (refusal.reason.startsWith('sign_in_')) return 'resume';
  if (refusal.status === 401 || refusal.status === 403) return { kind: 'unknown', error };
  if (refusal.param === 'institution') return { kind: 'broken', bank };
  return null;
}

/** Tells whether nothing can be done about it here. */
export const isFinal = (trouble: Trouble) => ['homeless', 'used', 'expired', 'unknown'].includes(trouble.kind);
