import { contractCode, privateKeyFromSeed } from '@cocoon/sdk';
import { type Address, Cell, toNano } from '@ton/core';
import { keyPairFromSeed } from '@ton/crypto';
import { WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { type Localnet, startLocalnet } from '../../localnet';
import { ToncenterChain } from '../toncenter';
import { type CocoonWalletOptions, CocoonWalletSender, type OutMessage } from '../wallet';
import { WalletError } from '../wallet-errors';

/** Test support: runner wallets on a local chain. */

const logger = pino({ level: 'silent' });

export const walletCode = Cell.fromBase64(contractCode.wallet.boc);
export const ownerKeys = keyPairFromSeed(Buffer.alloc(32, 0x44));
export const owner = WalletContractV5R1.create({ publicKey: ownerKeys.publicKey });

let people = 0;

/** 32 bytes that nobody else has. */
export function nextSeed(): Buffer {
  people += 1;
  const seed = Buffer.alloc(32, 0x33);
  seed.writeUInt32BE(people, 0);
  return seed;
}

/** An address without a contract. */
export function stranger(): Address {
  return WalletContractV5R1.create({ publicKey: nextSeed() }).address;
}

export const transfer = (to: Address, value: bigint): OutMessage => ({ to, value, bounce: false });

/** Why a send failed; fails the test when it did not, or by another error. */
export async function walletFailure(promise: Promise<unknown>): Promise<WalletError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WalletError)) {
    throw new Error(`expected a WalletError, got ${String(error)}`);
  }
  expect(error.message).not.toContain('\n');
  return error;
}

/** A local chain and the senders on it. */
export class WalletWorld {
  readonly net: Localnet;
  readonly chain: ToncenterChain;
  /** Unix milliseconds; one time for the chain and the senders. Sleeping moves it on, so nothing waits. */
  readonly clock: { ms: number };
  readonly #senders: CocoonWalletSender[] = [];

  private constructor(net: Localnet, clock: { ms: number }) {
    this.net = net;
    this.chain = new ToncenterChain({ endpoint: net.url, logger });
    this.clock = clock;
  }

  static async start(): Promise<WalletWorld> {
    const clock = { ms: 1_780_000_000_000 };
    return new WalletWorld(await startLocalnet({ port: 0, logger, clock: () => clock.ms }), clock);
  }

  newSender(options: Partial<CocoonWalletOptions> = {}): CocoonWalletSender {
    const sender = new CocoonWalletSender({
      chain: this.chain,
      key: privateKeyFromSeed(nextSeed()),
      owner: owner.address,
      code: walletCode,
      logger,
      clock: () => this.clock.ms,
      sleep: async (ms, signal) => {
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        this.clock.ms += ms;
      },
      ...options,
    });
    this.#senders.push(sender);
    return sender;
  }

  async fundedSender(amount = toNano(50), options: Partial<CocoonWalletOptions> = {}): Promise<CocoonWalletSender> {
    const sender = this.newSender(options);
    await this.net.chain.faucet(sender.address, amount);
    return sender;
  }

  /** Values of the coins that arrived, oldest first. */
  receivedBy(address: Address): bigint[] {
    return this.net.chain.index
      .newest(address.toRawString(), 1000)
      .reverse()
      .map((stored) => {
        const info = stored.decode().inMessage?.info;
        return info?.type === 'internal' ? info.value.coins : 0n;
      });
  }

  /** Executed external messages. */
  executed(sender: CocoonWalletSender): number {
    return this.net.chain.index
      .newest(sender.address.toRawString(), 1000)
      .filter((stored) => stored.decode().inMessage?.info.type === 'external-in').length;
  }

  async closeSenders(): Promise<void> {
    for (const sender of this.#senders.splice(0)) {
      await sender.close();
    }
  }

  async close(): Promise<void> {
    await this.chain.close();
    await this.net.close();
  }
}
