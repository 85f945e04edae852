import { CocoonClient, type OutgoingMessage, readVoucher, repackVoucher, wholeTokens } from '@cocoon/sdk';
import { type Address, toNano } from '@ton/core';
import type { ChannelTerms } from './terms';

/** Attached to the first message to a client contract on top of the amount: its rent and gas, the rest comes back. */
const DEPLOY_VALUE = toNano('0.8');
const OPERATION_VALUE = toNano('0.7');
const REGISTER_VALUE = toNano('1');

/** The messages of one channel's owner to its client contract. Unspent coins of each come back to the wallet. */
export class ChannelMessages {
  readonly #terms: ChannelTerms;
  readonly #wallet: Address;
  readonly #secretHash: Buffer;

  constructor(terms: ChannelTerms, wallet: Address, secretHash: Buffer) {
    this.#terms = terms;
    this.#wallet = wallet;
    this.#secretHash = secretHash;
  }

  /** Deploys the contract, pays the first stake and sets the secret's hash, all in one message. */
  open(): OutgoingMessage {
    const { client, clientInit, params } = this.#terms;
    const amount = wholeTokens(params.minClientStake, params.pricePerToken);
    const opts = { ...this.#common(amount + DEPLOY_VALUE), amount, secretHash: this.#secretHash };
    return { ...CocoonClient.buildChangeSecretHashAndTopUp(client, opts), init: clientInit };
  }

  register(nonce: bigint): OutgoingMessage {
    // Nonces are 64 bits; TL knows only signed ones.
    return CocoonClient.buildRegister(this.#terms.client, {
      ...this.#common(REGISTER_VALUE),
      nonce: BigInt.asUintN(64, nonce),
    });
  }

  /** @param amount nanoTON */
  topUp(amount: bigint): OutgoingMessage {
    return CocoonClient.buildTopUp(this.#terms.client, { ...this.#common(amount + OPERATION_VALUE), amount });
  }

  /** @param amount nanoTON */
  topUpAndChangeSecret(amount: bigint): OutgoingMessage {
    const opts = { ...this.#common(amount + OPERATION_VALUE), amount, secretHash: this.#secretHash };
    return CocoonClient.buildChangeSecretHashAndTopUp(this.#terms.client, opts);
  }

  changeSecret(): OutgoingMessage {
    const opts = { ...this.#common(OPERATION_VALUE), secretHash: this.#secretHash };
    return CocoonClient.buildChangeSecretHash(this.#terms.client, opts);
  }

  withdraw(): OutgoingMessage {
    return CocoonClient.buildWithdraw(this.#terms.client, this.#common(OPERATION_VALUE));
  }

  requestRefund(): OutgoingMessage {
    return CocoonClient.buildRequestRefund(this.#terms.client, this.#common(OPERATION_VALUE));
  }

  /** @param voucher BoC of a verified charge of this channel; only its unsigned excess address is replaced */
  charge(voucher: Buffer): OutgoingMessage {
    const { body } = readVoucher(repackVoucher(voucher, this.#wallet));
    return { to: this.#terms.client, value: OPERATION_VALUE, body };
  }

  #common(value: bigint) {
    return { excessesTo: this.#wallet, queryId: newQueryId(), value };
  }
}

let queryCounter = BigInt(Date.now()) << 20n;

/** Query ids only have to differ, so that one transaction can be told from the next. */
function newQueryId(): bigint {
  queryCounter += 1n;
  return queryCounter & 0xffff_ffff_ffff_ffffn;
}
