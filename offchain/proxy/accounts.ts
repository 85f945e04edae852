import { tokensAvailable, tokensFor, tokensPayed, tokensReadyToCharge } from '@cocoon/sdk/protocol/prices';
import type { ClientRow, ClientState, WorkerRow } from '../ledger';
import { RequestError } from './errors';
import { TokenLevels } from './levels';

/** Prices in nanoTON per adjusted token. */
export interface Prices {
  pricePerToken: bigint;
  workerFeePerToken: bigint;
}

/** What the client contract last told the proxy contract. nanoTON and adjusted tokens. */
export interface ClientChainState {
  state: ClientState;
  balance: bigint;
  stake: bigint;
  tokensUsed: bigint;
  secretHash: Buffer;
}

/** One client's channel: what it deposited, what is reserved, what is used, what is charged. */
export class ClientAccount {
  readonly owner: string;
  readonly proxy: string;
  readonly contract: string;
  readonly levels: TokenLevels;
  chain: ClientChainState;
  /** Coins the client contract counts but the proxy contract never received. */
  unbacked: bigint;
  lastRequestAt: number;
  running = 0;
  private reservedTokens = 0n;
  private chargeSent = 0n;

  constructor(row: ClientRow) {
    this.owner = row.owner;
    this.proxy = row.proxy;
    this.contract = row.contract;
    this.levels = new TokenLevels(row.tokensUsed);
    this.levels.raiseToSettled(row.tokensCharged);
    this.unbacked = row.unbackedNano;
    this.lastRequestAt = row.lastRequestAt;
    this.chain = {
      state: row.state,
      balance: row.balanceNano,
      stake: row.stakeNano,
      tokensUsed: row.tokensCharged,
      secretHash: Buffer.from(row.secretHash, 'hex'),
    };
  }

  get reserved(): bigint {
    return this.reservedTokens;
  }

  /**
   * Tokens that may still be reserved. Bounded by the stake as well as by the deposit: the client can withdraw the deposit
   * above its stake at any moment, so uncharged usage beyond the stake would be unsecured.
   */
  available(prices: Prices): bigint {
    const running = { tokensUsed: this.levels.max, tokensReserved: this.reservedTokens };
    return tokensAvailable(this.channel(), prices.pricePerToken, running);
  }

  /**
   * Sets `tokens` aside for one request. Throws RequestError insufficient_balance. The reservation must be ended exactly
   * once; ending it twice throws, so a leak or a double release cannot pass unnoticed.
   */
  reserve(tokens: bigint, prices: Prices): Reservation {
    if (tokens < 0n) throw new RequestError('invalid_request', `a request cannot reserve ${tokens} tokens`);
    const available = this.available(prices);
    if (tokens > available) throw this.tooLow(tokens, available, prices);
    this.reservedTokens += tokens;
    this.running++;
    return new Reservation(tokens, (used) => {
      this.reservedTokens -= tokens;
      this.running--;
      this.levels.add(used);
    });
  }

  /**
   * The most one request may be settled with: what was set aside for it, and what nobody else has a claim to of the deposit.
   * More could never be charged: a worker paid for it would be paid with the coins of other clients.
   */
  covered(reservation: Reservation, prices: Prices): bigint {
    const free = tokensPayed(this.channel(), prices.pricePerToken) - this.levels.max - this.reservedTokens;
    return reservation.tokens + (free > 0n ? free : 0n);
  }

  /** Applies a state reported by the client contract. A counter below the known one is an old message: it is ignored. */
  observe(state: ClientChainState): boolean {
    if (this.chain.state !== 'unknown' && state.tokensUsed < this.chain.tokensUsed) return false;
    this.chain = state;
    this.levels.raiseToSettled(state.tokensUsed);
    if (this.chargeSent < state.tokensUsed) this.chargeSent = state.tokensUsed;
    return true;
  }

  /** Anchored tokens no charge has been sent for. */
  chargeable(): bigint {
    const sent = larger(this.chargeSent, this.chain.tokensUsed);
    return tokensReadyToCharge(this.levels.anchored, sent);
  }

  /** Anchored tokens the contract has not been charged, those of a charge on its way included. */
  uncharged(): bigint {
    return tokensReadyToCharge(this.levels.anchored, this.chain.tokensUsed);
  }

  /** A charge for `tokens` (cumulative) is on its way. The returned function ends this, whatever became of it. */
  chargeStarted(tokens: bigint): () => void {
    const before = this.chargeSent;
    if (tokens > this.chargeSent) this.chargeSent = tokens;
    return () => {
      if (this.chargeSent === tokens) this.chargeSent = before;
    };
  }

  row(): ClientRow {
    return {
      owner: this.owner,
      proxy: this.proxy,
      contract: this.contract,
      state: this.chain.state,
      balanceNano: this.chain.balance,
      stakeNano: this.chain.stake,
      unbackedNano: this.unbacked,
      tokensCharged: this.chain.tokensUsed,
      tokensUsed: this.levels.max,
      secretHash: this.chain.secretHash.toString('hex'),
      lastRequestAt: this.lastRequestAt,
    };
  }

  /** The channel with the coins the proxy contract really received. */
  private channel() {
    const { balance, stake, tokensUsed } = this.chain;
    return { balance: balance > this.unbacked ? balance - this.unbacked : 0n, stake, tokensCharged: tokensUsed };
  }

  private tooLow(wanted: bigint, available: bigint, prices: Prices): RequestError {
    const missing = (wanted - (available > 0n ? available : 0n)) * prices.pricePerToken;
    return new RequestError(
      'insufficient_balance',
      `client balance is too low: the request reserves ${wanted} tokens, ${available > 0n ? available : 0n} are available ` +
        `(tokens_payed=${tokensPayed(this.channel(), prices.pricePerToken)} tokens_used=${this.levels.max} tokens_reserved=${this.reservedTokens} ` +
        `tokens_stake=${tokensFor(this.chain.stake, prices.pricePerToken)}). ` +
        `Top up the channel ${this.contract} by at least ${missing} nanoTON, wait for running requests or the next charge, or lower max_tokens or max_coefficient.`,
    );
  }
}

/** Tokens set aside for one running request; ends exactly once, with the tokens that were used. */
export class Reservation {
  readonly tokens: bigint;
  private readonly onEnd: (used: bigint) => void;
  private ended = false;

  constructor(tokens: bigint, onEnd: (used: bigint) => void) {
    this.tokens = tokens;
    this.onEnd = onEnd;
  }

  end(used: bigint): void {
    if (this.ended) throw new Error('a reservation was ended twice');
    if (used < 0n) throw new RangeError(`a request cannot use ${used} tokens`);
    this.ended = true;
    this.onEnd(used);
  }
}

/** One worker's earnings. */
export class WorkerAccount {
  readonly owner: string;
  readonly proxy: string;
  readonly contract: string;
  readonly levels: TokenLevels;
  state: WorkerRow['state'];
  tokensPaid: bigint;
  lastRequestAt: number;
  /** Connections that use this account; while there are any it must stay the only one of its owner. */
  connections = 0;
  private payoutSent = 0n;

  constructor(row: WorkerRow) {
    this.owner = row.owner;
    this.proxy = row.proxy;
    this.contract = row.contract;
    this.levels = new TokenLevels(row.tokensEarned);
    this.levels.raiseToSettled(row.tokensPaid);
    this.state = row.state;
    this.tokensPaid = row.tokensPaid;
    this.lastRequestAt = row.lastRequestAt;
  }

  /**
   * Applies what the worker contract says. Messages of one contract to another arrive in their order, so a lower counter is no old
   * one: the contract has taken back tokens that the proxy contract refused to pay for.
   */
  observe(state: WorkerRow['state'], tokensPaid: bigint): void {
    this.state = state;
    this.tokensPaid = tokensPaid;
    this.levels.raiseToSettled(tokensPaid);
  }

  /** Anchored tokens no payout has been sent for. */
  payable(): bigint {
    const sent = larger(this.payoutSent, this.tokensPaid);
    return tokensReadyToCharge(this.levels.anchored, sent);
  }

  /** As chargeStarted. */
  payoutStarted(tokens: bigint): () => void {
    const before = this.payoutSent;
    if (tokens > this.payoutSent) this.payoutSent = tokens;
    return () => {
      if (this.payoutSent === tokens) this.payoutSent = before;
    };
  }

  row(): WorkerRow {
    return {
      owner: this.owner,
      proxy: this.proxy,
      contract: this.contract,
      state: this.state,
      tokensPaid: this.tokensPaid,
      tokensEarned: this.levels.max,
      lastRequestAt: this.lastRequestAt,
    };
  }
}

function larger(a: bigint, b: bigint): bigint {
  return b > a ? b : a;
}
