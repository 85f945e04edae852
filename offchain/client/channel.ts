import {
  type ClientData,
  Op,
  type OutgoingMessage,
  parseClientData,
  tokensFor,
  type VerifiedVoucher,
  verifyVoucher,
  wholeTokens,
} from '@cocoon/sdk';
import type { TlType } from '@cocoon/sdk/protocol/tl';
import type { Logger } from 'pino';
import { type Chain, ChainError } from '../chain/port';
import type { ChannelWallet } from './actions';
import { type ChannelFile, channelFile, newChannel, readChannelFile } from './channel-file';
import { ChannelMessages } from './channel-messages';
import { needsTopUp } from './channel-rules';
import { checkBackedStake, checkFunds, checkProxyContract } from './payment-checks';
import { StateWriter } from './state-file';
import { type ChannelTerms, ProxyRefusedError } from './terms';

export interface ChannelDeps {
  chain: Chain;
  wallet: ChannelWallet;
  stateDir: string;
  /** SHA-256 of the secret that authorises this client, 32 bytes. */
  secretHash: Buffer;
  /** nanoTON of stake that must really be there before a proxy is paid for the first time; undefined: what the network asks. */
  minBackedStake: bigint | undefined;
  logger: Logger;
  /** Runs one chain action after the other; what it decides on must be read inside. */
  exclusive<T>(run: () => Promise<T>): Promise<T>;
}

/** Cumulative adjusted tokens as the proxy counts them: safe in its ledger, and in all. */
export interface UsedTokens {
  db: bigint;
  max: bigint;
}

type SignedPayment = TlType<'proxy.signedPayment' | 'proxy.signedPaymentEmpty'>;

/** The payment channel with one proxy contract: what is on chain, what the proxy has signed, and what this client has seen. */
export class Channel {
  readonly terms: ChannelTerms;
  readonly messages: ChannelMessages;
  readonly #deps: ChannelDeps;
  readonly #writer: StateWriter<ChannelFile>;
  readonly #state: ChannelFile;
  #onChain: ClientData | undefined;
  /** The voucher of the state as bytes, once it has been verified in this process. */
  #held: Buffer | undefined;
  /** Logical time of the newest state that was read. */
  #lt = 0n;
  /** The last action carried out has changed the contract after this logical time. */
  #changedAfter: bigint | undefined;

  /** @throws StateFileError when the file of an earlier run is damaged */
  constructor(terms: ChannelTerms, deps: ChannelDeps) {
    this.terms = terms;
    this.#deps = deps;
    this.messages = new ChannelMessages(terms, deps.wallet.address, deps.secretHash);
    const file = channelFile(deps.stateDir, terms.client);
    this.#state = readChannelFile(file) ?? newChannel(terms);
    this.#writer = new StateWriter(file, (err) =>
      deps.logger.error({ err, file }, 'the channel state could not be written'),
    );
    if (this.#state.voucher !== undefined) this.#verify(Buffer.from(this.#state.voucher, 'base64'));
  }

  /** The client contract as last read; undefined while it is not deployed. */
  get onChain(): ClientData | undefined {
    return this.#onChain;
  }

  get tokensMax(): bigint {
    return this.#state.tokensMax;
  }

  get tokensSigned(): bigint {
    return this.#state.tokensSigned;
  }

  get closing(): boolean {
    return this.#state.closing;
  }

  /** Why nothing can be bought through this channel any more; undefined while it is open. */
  get ending(): ProxyRefusedError | undefined {
    const closed = this.#onChain?.state === 2;
    if (!closed && this.#onChain?.state !== 1 && !this.closing) return undefined;
    return new ProxyRefusedError(
      closed ? 'channel_closed' : 'channel_closing',
      `the channel ${this.terms.client} with this proxy is ${closed ? 'closed for good' : 'closing'}; use another proxy, or another wallet key`,
    );
  }

  get outdatedSinceS(): number | undefined {
    return this.#state.outdatedSinceS;
  }

  /** nanoTON that the proxy holds for this client and that no reported use has consumed. */
  get unspent(): bigint {
    if (this.#onChain === undefined) return 0n;
    const uncharged = this.#state.tokensMax - this.#onChain.tokensUsed;
    const left = this.#onChain.balance - (uncharged > 0n ? uncharged : 0n) * this.terms.params.pricePerToken;
    return left > 0n ? left : 0n;
  }

  /** True while only a state from before this client's own last action has been read: what it says to do may be done already. */
  get stale(): boolean {
    return this.#changedAfter !== undefined && this.#lt <= this.#changedAfter;
  }

  /** Reads the client contract; an answer older than one seen before changes nothing. @throws ChainError, CellFormatError */
  async refresh(): Promise<void> {
    const account = await this.#deps.chain.account(this.terms.client);
    // One of several servers behind an endpoint may lag: paying by what it says would pay twice.
    const lt = account.last?.lt ?? 0n;
    if (lt < this.#lt) return;
    this.#lt = lt;
    this.#onChain =
      account.status === 'active' && account.data !== undefined ? parseClientData(account.data) : undefined;
  }

  /**
   * Whether the secret alone is enough to be let in: the contract is there, open, funded and knows the secret's hash.
   * @param offered hash the proxy holds for this client
   */
  canUseSecret(offered: Buffer): boolean {
    return this.#onChain !== undefined && this.#onChain.state === 0 && offered.equals(this.#deps.secretHash);
  }

  /**
   * Opens the channel, or proves to a proxy who is connecting: one wallet transaction with at most two messages. Deploying, the
   * first stake and the secret's hash are one of them; the other carries the nonce.
   * @throws ProxyRefusedError when the channel is closed or the wallet cannot pay for it, ActionFailedError
   */
  register(nonce: bigint): Promise<void> {
    return this.#deps.exclusive(async () => {
      // An earlier try, whose connection was lost, may have opened the channel by now.
      await this.refresh();
      if (this.stale) {
        const what = `the endpoint does not show yet what was done with ${this.terms.client}; trying again`;
        throw new ChainError(what, { code: 'bad-answer', retryable: true });
      }
      const { chain, logger, minBackedStake } = this.#deps;
      await checkProxyContract(chain, this.terms);
      const funding = this.#fundingMessages();
      // An answer that arrived here says more than a stake; what others may have paid in says nothing.
      if (funding.some(({ amount }) => amount > 0n) && this.#state.tokensReceived === 0n)
        await checkBackedStake(chain, this.terms, minBackedStake, logger);
      const messages = [...funding.map(({ message }) => message), this.messages.register(nonce)];
      await checkFunds(this.#deps.wallet, messages);
      const client = this.terms.client.toString();
      this.#deps.logger.info({ client, messages: messages.length }, 'registering with the proxy on chain');
      await this.perform(messages);
      await this.refresh();
    });
  }

  /** @returns hashes of the client contract's transactions, hex @throws ActionFailedError */
  async perform(messages: readonly OutgoingMessage[]): Promise<string[]> {
    const before = this.#lt;
    const transactions = await this.#deps.wallet.perform(messages);
    this.#changedAfter = before;
    return transactions;
  }

  /** What opens, fills up or corrects the channel, with the coins that go into it. */
  #fundingMessages(): { message: OutgoingMessage; amount: bigint }[] {
    const { params } = this.terms;
    const onChain = this.#onChain;
    if (onChain === undefined) return [{ message: this.messages.open(), amount: params.minClientStake }];
    const ending = this.ending;
    if (ending !== undefined) throw ending;
    const secretDiffers = !onChain.secretHash.equals(this.#deps.secretHash);
    if (needsTopUp(onChain, params.pricePerToken)) {
      const amount = wholeTokens(onChain.stake, params.pricePerToken);
      const message = secretDiffers ? this.messages.topUpAndChangeSecret(amount) : this.messages.topUp(amount);
      return [{ message, amount }];
    }
    return secretDiffers ? [{ message: this.messages.changeSecret(), amount: 0n }] : [];
  }

  /** The newest voucher as a message; undefined without one. */
  chargeMessage(): OutgoingMessage | undefined {
    const { voucher } = this.#state;
    return voucher === undefined ? undefined : this.messages.charge(Buffer.from(voucher, 'base64'));
  }

  /**
   * Takes in what the proxy reports. Counters only rise; a voucher that is not right is refused and the connection with it.
   * @throws ProxyRefusedError for a voucher that does not verify
   */
  payment(signed: SignedPayment, used?: UsedTokens): void {
    const state = this.#state;
    let changed = false;
    // Between two commits of the proxy every answer carries the same voucher: it was verified when it came first.
    if (signed._ === 'proxy.signedPayment' && !this.#held?.equals(signed.data)) {
      const { tokens } = this.#verify(signed.data);
      if (tokens > state.tokensSigned || state.voucher === undefined) {
        state.tokensSigned = tokens;
        state.voucher = signed.data.toString('base64');
        this.#held = signed.data;
        changed = true;
      }
    }
    if (used !== undefined && this.#raise(used)) changed = true;
    if (changed) this.#save();
  }

  /** @returns whether a counter rose */
  #raise({ db, max }: UsedTokens): boolean {
    const state = this.#state;
    if (max < state.tokensMax) {
      this.#deps.logger.warn(
        { reported: max.toString(), known: state.tokensMax.toString() },
        'the proxy reports less use than before; the higher number is kept',
      );
    }
    const rose = db > state.tokensDb || max > state.tokensMax;
    if (db > state.tokensDb) state.tokensDb = db;
    if (max > state.tokensMax) state.tokensMax = max;
    return rose;
  }

  /** Adjusted tokens of an answer that has arrived here. */
  received(tokens: bigint): void {
    this.#state.tokensReceived += tokens;
    this.#save();
  }

  requestClose(): void {
    this.#state.closing = true;
    this.#save();
  }

  /** @param nowS the root has newer terms than this channel, and no proxy works with it now; undefined: that is not so */
  noteOutdated(nowS: number | undefined): void {
    if ((nowS === undefined) === (this.#state.outdatedSinceS === undefined)) return;
    if (nowS === undefined) delete this.#state.outdatedSinceS;
    else this.#state.outdatedSinceS = nowS;
    this.#save();
  }

  /** Resolves when everything known is on disk. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** The form of the live network's /jsonstats, and what else an owner wants to know. */
  stats(): Record<string, unknown> {
    const { tokensMax, tokensDb, tokensSigned, tokensReceived, closing } = this.#state;
    const price = this.terms.params.pricePerToken;
    const onChain = this.#onChain;
    const used = onChain?.tokensUsed ?? 0n;
    return {
      proxy_sc_address: this.terms.proxy.toString(),
      proxy_public_key: this.terms.proxyPublicKey.toString('hex'),
      sc_address: this.terms.client.toString(),
      state: onChain?.state ?? -1,
      params_version: this.terms.params.paramsVersion,
      price_per_token: price,
      tokens_used_proxy_committed_to_blockchain: tokensSigned,
      tokens_used_proxy_committed_to_db: tokensDb,
      tokens_used_proxy_max: tokensMax,
      tokens_charged: used,
      tokens_payed: onChain === undefined ? 0n : tokensFor(onChain.balance, price) + used,
      tokens_received: tokensReceived,
      balance: onChain?.balance ?? 0n,
      stake: onChain?.stake ?? 0n,
      unspent: this.unspent,
      closing,
    };
  }

  /** @throws ProxyRefusedError unless it is a charge of this very channel, signed by this proxy */
  #verify(data: Buffer): VerifiedVoucher {
    const { proxyPublicKey, client } = this.terms;
    try {
      return verifyVoucher(data, { publicKey: proxyPublicKey, contract: client, ops: [Op.extClientChargeSigned] });
    } catch (error) {
      throw new ProxyRefusedError(
        'bad_answer',
        `the proxy sent a payment that is not valid: ${(error as Error).message}`,
        error,
      );
    }
  }

  #save(): void {
    this.#writer.put({ ...this.#state });
  }
}
