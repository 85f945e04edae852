import { setTimeout as delay } from 'node:timers/promises';
import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { beginCell, external, internal, SendMode, storeMessage } from '@ton/core';
import { mnemonicToPrivateKey } from '@ton/crypto';
import { WalletContractV5R1 } from '@ton/ton';
import type { Chain } from '../../chain/port';
import { CliError } from '../errors';

/** How long the network may take to execute a message. */
const LIFETIME_S = 60;

/**
 * A person's wallet (W5), as the deployer of the root and the owners of nodes hold it. The same words in
 * `WALLET_MNEMONIC` give the same address to `blueprint run`.
 */
export class OwnerWallet {
  readonly address: Address;
  readonly #contract: WalletContractV5R1;
  readonly #secretKey: Buffer;

  private constructor(contract: WalletContractV5R1, secretKey: Buffer) {
    this.#contract = contract;
    this.#secretKey = secretKey;
    this.address = contract.address;
  }

  static async fromMnemonic(words: string[]): Promise<OwnerWallet> {
    const { publicKey, secretKey } = await mnemonicToPrivateKey(words);
    const walletId = { networkGlobalId: -239 } as const; // custom networks and mainnet share it in Blueprint
    return new OwnerWallet(WalletContractV5R1.create({ publicKey, workchain: 0, walletId }), secretKey);
  }

  /** Sends up to 255 messages in one transaction and resolves when the wallet has executed it. */
  async send(chain: Chain, messages: readonly OutgoingMessage[]): Promise<void> {
    const before = await chain.account(this.address);
    const seqno = before.status === 'active' ? await this.#seqno(chain) : 0;
    const body = this.#contract.createTransfer({
      seqno,
      secretKey: this.#secretKey,
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      // By the chain's clock: a local chain may be days ahead of this machine.
      timeout: (await chain.time()) + LIFETIME_S,
      messages: messages.map(({ to, value, body, init }) =>
        internal({ to, value, body, init, bounce: init === undefined }),
      ),
    });
    const init = before.status === 'active' ? undefined : this.#contract.init;
    const message = beginCell()
      .store(storeMessage(external({ to: this.address, init, body })))
      .endCell();
    await chain.sendBoc(message.toBoc());
    for (let attempt = 0; attempt < 100; attempt++) {
      const account = await chain.account(this.address);
      if (account.status === 'active' && (await this.#seqno(chain)) > seqno) return;
      await delay(100);
    }
    throw new CliError(
      `The wallet ${this.address.toString()} did not execute its message within 10 s.`,
      'Is the chain running? See chain.log in the state directory.',
    );
  }

  async #seqno(chain: Chain): Promise<number> {
    return (await chain.runMethod(this.address, 'seqno')).readNumber();
  }
}
