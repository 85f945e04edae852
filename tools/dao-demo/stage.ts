import {
  contractCode,
  ExitCode,
  type ExitCodeName,
  exitCodeName,
  type OutgoingMessage,
  opName,
  parseRootData,
  type RootData,
} from '@cocoon/sdk';
import { type Address, Cell, type Slice } from '@ton/core';
import { mnemonicNew } from '@ton/crypto';
import pino from 'pino';
import { followMessage } from '../../offchain/chain/outcome';
import { ToncenterChain } from '../../offchain/chain/toncenter';
import { OwnerWallet } from '../../offchain/cli/up/owner-wallet';
import { type Localnet, startLocalnet } from '../../offchain/localnet';

/** A local chain behind its HTTP API, people with wallets, and a clock that only the story moves. */

export const TON = 1_000_000_000n;
export const DAY = 86_400;

/** Who takes part. The first five are the members. */
const NAMES = ['Ada', 'Ben', 'Chen', 'Dina', 'Emil', 'deployer', 'guardian', 'Pia', 'Uma', 'Olga', 'Mallory'] as const;
export type Name = (typeof NAMES)[number];
export const MEMBERS = ['Ada', 'Ben', 'Chen', 'Dina', 'Emil'] as const;

/** What everybody has at first for messages and bonds, nanoTON. */
const FOR_FEES = 500n * TON;

/** What a contract answered to somebody's message. */
export interface Answer {
  ok: boolean;
  /** "accepted", or the exit code with its name, see refusal */
  code: string;
}

/** How an Answer tells a refusal. */
export function refusal(name: ExitCodeName): string {
  return `refused (${ExitCode[name]} ${name})`;
}

export interface Stage {
  chain: ToncenterChain;
  people: Record<Name, OwnerWallet>;
  /** unix seconds */
  now(): Promise<number>;
  advance(seconds: number): Promise<void>;
  /** Moves the clock to this second. @throws Error where it has passed */
  until(time: number): Promise<void>;
  give(to: Address, amount: bigint): Promise<void>;
  /** Sends and waits until the contract has answered. */
  deliver(from: Name, message: OutgoingMessage): Promise<Answer>;
  /** As deliver, for messages that must be accepted. @throws Error with the exit code */
  send(from: Name, message: OutgoingMessage): Promise<Answer>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const logger = pino({ level: 'silent' });
  // An hour into today, and standing still: nothing happens at midnight by chance.
  const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 + 3_600_000;
  const net = await startLocalnet({ port: 0, logger, clock: () => start });
  const chain = new ToncenterChain({ endpoint: `${net.url}/api/v2/jsonRPC`, logger });
  try {
    const wallets = await Promise.all(
      NAMES.map(async (name) => [name, await OwnerWallet.fromMnemonic(await mnemonicNew(24))] as const),
    );
    for (const [, { address }] of wallets) await net.chain.faucet(address, FOR_FEES);
    return new LocalStage(net, chain, Object.fromEntries(wallets) as Record<Name, OwnerWallet>);
  } catch (error) {
    await chain.close();
    await net.close();
    throw error;
  }
}

class LocalStage implements Stage {
  readonly chain: ToncenterChain;
  readonly people: Record<Name, OwnerWallet>;
  readonly #net: Localnet;

  constructor(net: Localnet, chain: ToncenterChain, people: Record<Name, OwnerWallet>) {
    this.#net = net;
    this.chain = chain;
    this.people = people;
  }

  now(): Promise<number> {
    return this.chain.time();
  }

  async advance(seconds: number): Promise<void> {
    await this.#net.chain.advance(seconds);
  }

  async until(time: number): Promise<void> {
    const left = time - (await this.now());
    if (left < 0) throw new Error(`${time} has passed ${-left} s ago`);
    if (left > 0) await this.advance(left);
  }

  async give(to: Address, amount: bigint): Promise<void> {
    await this.#net.chain.faucet(to, amount);
  }

  async deliver(from: Name, message: OutgoingMessage): Promise<Answer> {
    const wallet = this.people[from];
    await wallet.send(this.chain, [message]);
    const [sent] = await this.chain
      .transactions(wallet.address, { limit: 10 })
      .then((newest) =>
        newest
          .flatMap(({ outMessages }) => outMessages.values())
          .filter(({ info, body }) => info.dest?.toString() === message.to.toString() && body.equals(message.body)),
      );
    if (sent?.info.type !== 'internal') throw new Error(`${from}'s wallet did not send its message`);
    const { src, dest, createdLt, value } = sent.info;
    const outcome = await followMessage(
      this.chain,
      { source: src, destination: dest, createdLt, value: value.coins },
      { timeoutMs: 10_000, pollMs: 20 },
    );
    if (outcome.result === 'failed') {
      const name = exitCodeName(outcome.exitCode);
      return { ok: false, code: name === undefined ? `refused (${outcome.exitCode})` : refusal(name) };
    }
    if (outcome.result === 'skipped') return { ok: false, code: outcome.reason };
    return { ok: true, code: 'accepted' };
  }

  async send(from: Name, message: OutgoingMessage): Promise<Answer> {
    const answer = await this.deliver(from, message);
    if (!answer.ok) throw new Error(`${from}'s message to ${message.to} was refused (${answer.code})`);
    return answer;
  }

  async close(): Promise<void> {
    await this.chain.close();
    await this.#net.close();
  }
}

export function codeOf(name: keyof typeof contractCode): Cell {
  return Cell.fromBase64(contractCode[name].boc);
}

/** The newest message with this operation that reached the account, behind op and query id. @throws Error where there is none */
export async function lastArrived({ chain }: Stage, at: Address, op: number): Promise<Slice> {
  for (const { inMessage } of await chain.transactions(at, { limit: 10 })) {
    const body = inMessage?.body.beginParse();
    if (body !== undefined && body.remainingBits >= 96 && body.loadUint(32) === op) return body.skip(64);
  }
  throw new Error(`no ${opName(op) ?? op} arrived at ${at}`);
}

export async function readRoot({ chain }: Stage, root: Address): Promise<RootData> {
  const { data } = await chain.account(root);
  if (data === undefined) throw new Error(`there is no root at ${root}`);
  return parseRootData(data);
}
