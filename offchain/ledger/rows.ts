/** The ledger's records: plain values, one interface per table. Units are in schema.ts. */

export type ClientState = 'unknown' | 'normal' | 'closing' | 'closed';

export interface ClientRow {
  owner: string;
  proxy: string;
  contract: string;
  state: ClientState;
  balanceNano: bigint;
  stakeNano: bigint;
  /** Coins the client contract counts but the proxy contract never received (a top-up that failed at the proxy). */
  unbackedNano: bigint;
  tokensCharged: bigint;
  tokensUsed: bigint;
  secretHash: string;
  lastRequestAt: number;
}

export interface WorkerRow {
  owner: string;
  proxy: string;
  contract: string;
  state: 'unknown' | 'normal' | 'closed';
  tokensPaid: bigint;
  tokensEarned: bigint;
  lastRequestAt: number;
}

export interface RequestRow {
  id: string;
  client: string;
  worker: string | null;
  model: string;
  coefficient: number;
  outcome: 'done' | 'failed' | 'cancelled';
  error: string | null;
  prompt: bigint;
  cached: bigint;
  completion: bigint;
  reasoning: bigint;
  total: bigint;
  costNano: bigint;
  feeNano: bigint;
  startedAt: number;
  endedAt: number;
}

export interface CommitRow {
  seqno: number;
  sessionHash: string;
  createdAt: number;
  /** Logical time of the proxy contract's transaction that carried this save_state; null until seen. */
  observedLt: bigint | null;
}

/** `sync`: the proxy contract is told of a client's charges, see proxy/pool. */
export type ActionKind = 'charge' | 'payout' | 'withdraw' | 'refund' | 'sync';

export interface ActionRow {
  id: string;
  kind: ActionKind;
  /** Owner address of the client or worker; the proxy's own owner for a withdraw. */
  subject: string;
  contract: string;
  tokens: bigint;
  amountNano: bigint;
  status: 'sent' | 'done' | 'failed' | 'lost';
  error: string | null;
  txHash: string | null;
  txLt: bigint | null;
  createdAt: number;
  endedAt: number | null;
}

export interface MetaRow {
  key: string;
  value: string;
}

export type LedgerRecord =
  | { kind: 'meta'; row: MetaRow }
  | { kind: 'client'; row: ClientRow }
  | { kind: 'worker'; row: WorkerRow }
  | { kind: 'request'; row: RequestRow }
  | { kind: 'commit'; row: CommitRow }
  | { kind: 'action'; row: ActionRow };

export type RowKind = LedgerRecord['kind'];
export type RowOf<K extends RowKind> = Extract<LedgerRecord, { kind: K }>['row'];

/** Column type of a field: how it is bound and how it is read back (SQLite integers come back as bigint here). */
type Field = 'text' | 'bigint' | 'number' | 'text?' | 'bigint?' | 'number?';

export interface Table {
  name: string;
  /** [field of the row, column, type]; the first is the primary key. */
  fields: readonly (readonly [field: string, column: string, type: Field])[];
}

export const TABLES: Record<RowKind, Table> = {
  meta: {
    name: 'meta',
    fields: [
      ['key', 'key', 'text'],
      ['value', 'value', 'text'],
    ],
  },
  client: {
    name: 'clients',
    fields: [
      ['owner', 'owner', 'text'],
      ['proxy', 'proxy', 'text'],
      ['contract', 'contract', 'text'],
      ['state', 'state', 'text'],
      ['balanceNano', 'balance_nano', 'bigint'],
      ['stakeNano', 'stake_nano', 'bigint'],
      ['unbackedNano', 'unbacked_nano', 'bigint'],
      ['tokensCharged', 'tokens_charged', 'bigint'],
      ['tokensUsed', 'tokens_used', 'bigint'],
      ['secretHash', 'secret_hash', 'text'],
      ['lastRequestAt', 'last_request_at', 'number'],
    ],
  },
  worker: {
    name: 'workers',
    fields: [
      ['owner', 'owner', 'text'],
      ['proxy', 'proxy', 'text'],
      ['contract', 'contract', 'text'],
      ['state', 'state', 'text'],
      ['tokensPaid', 'tokens_paid', 'bigint'],
      ['tokensEarned', 'tokens_earned', 'bigint'],
      ['lastRequestAt', 'last_request_at', 'number'],
    ],
  },
  request: {
    name: 'requests',
    fields: [
      ['id', 'id', 'text'],
      ['client', 'client', 'text'],
      ['worker', 'worker', 'text?'],
      ['model', 'model', 'text'],
      ['coefficient', 'coefficient', 'number'],
      ['outcome', 'outcome', 'text'],
      ['error', 'error', 'text?'],
      ['prompt', 'prompt', 'bigint'],
      ['cached', 'cached', 'bigint'],
      ['completion', 'completion', 'bigint'],
      ['reasoning', 'reasoning', 'bigint'],
      ['total', 'total', 'bigint'],
      ['costNano', 'cost_nano', 'bigint'],
      ['feeNano', 'fee_nano', 'bigint'],
      ['startedAt', 'started_at', 'number'],
      ['endedAt', 'ended_at', 'number'],
    ],
  },
  commit: {
    name: 'commits',
    fields: [
      ['seqno', 'seqno', 'number'],
      ['sessionHash', 'session_hash', 'text'],
      ['createdAt', 'created_at', 'number'],
      ['observedLt', 'observed_lt', 'bigint?'],
    ],
  },
  action: {
    name: 'actions',
    fields: [
      ['id', 'id', 'text'],
      ['kind', 'kind', 'text'],
      ['subject', 'subject', 'text'],
      ['contract', 'contract', 'text'],
      ['tokens', 'tokens', 'bigint'],
      ['amountNano', 'amount_nano', 'bigint'],
      ['status', 'status', 'text'],
      ['error', 'error', 'text?'],
      ['txHash', 'tx_hash', 'text?'],
      ['txLt', 'tx_lt', 'bigint?'],
      ['createdAt', 'created_at', 'number'],
      ['endedAt', 'ended_at', 'number?'],
    ],
  },
};
