import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { chainPrices, estimateFee, type OperationCost, type OutgoingMessage, opName } from '@cocoon/sdk';
import type { Address, Message } from '@ton/core';
import { ChainError } from '../../chain/port';
import { CliError } from '../errors';
import { type DaoContext, openDao, type PlaceFlags, parseAddress, refused, usage } from './context';
import { ExitCode } from './exit-codes';
import { followTree, type Hop, hopLine, paidBySender } from './follow';
import { rows, toJson, ton } from './text';
import { type MemberWallet, openWalletFile, unsigned, WALLET_VERSIONS, type WalletVersion } from './wallet';

export interface WriteFlags extends PlaceFlags {
  wallet?: string;
  walletVersion?: string;
  member?: string;
  unsigned?: boolean;
  dryRun?: boolean;
  yes?: boolean;
}

/** Who acts, and in which DAO. */
export interface Acting extends DaoContext {
  me: Address;
}

/** One message, and how to tell what it achieved. */
export interface Act {
  title: string;
  message: OutgoingMessage;
  /** of the value: what does not come back as change, nanoTON */
  moves?: bigint;
  /** what contracts will charge, as measured */
  cost: OperationCost;
  /** contracts whose work the treasury pays for, by name */
  treasuryPays?: readonly string[];
  /** who sends what to whom, one line a message */
  tree: readonly string[];
  /** accounts that take part, by raw address */
  names: ReadonlyMap<string, string>;
  /** Only this account is obeyed; undefined: anybody. */
  only?: Address;
  /** Reads the answers, tells people. @throws CliError where a contract said no */
  conclude: (hops: readonly Hop[], context: Acting) => Promise<readonly string[]> | readonly string[];
}

/** Value over the message's own that the wallet needs for its gas. */
const WALLET_MARGIN = 50_000_000n;
const MESSAGE_LIFETIME_S = 60;

/** Reads, plans, asks, sends, follows: the same for every writing command. */
export async function writing(flags: WriteFlags, prepare: (context: Acting) => Promise<Act> | Act): Promise<void> {
  if (flags.unsigned && flags.wallet) throw usage('--unsigned and --wallet exclude each other.', 'Give one of them.');
  const version = flags.walletVersion ?? 'v5';
  if (!(WALLET_VERSIONS as readonly string[]).includes(version)) {
    throw usage(`--wallet-version ${version}: there is no such version.`, 'Give v5 or v4.');
  }
  const wallet =
    flags.wallet === undefined
      ? undefined
      : await openWalletFile(flags.wallet, version as WalletVersion, flags.network);
  const me = wallet?.address ?? (flags.member === undefined ? undefined : parseAddress(flags.member, '--member'));
  if (me === undefined) {
    throw usage('Who acts?', 'Give --wallet FILE, or --member ADDRESS with --unsigned or --dry-run.');
  }
  if (wallet === undefined && !flags.unsigned && !flags.dryRun) {
    throw usage('There is nothing to sign with.', 'Give --wallet FILE, or --unsigned to sign elsewhere.');
  }
  // With --json, standard output is for the one document.
  const stream = flags.json ? process.stderr : process.stdout;
  const context = await openDao(flags, (text) => stream.write(`${text}\n`));
  try {
    await carryOut({ ...context, me }, flags, wallet, prepare);
  } finally {
    await context.close();
  }
}

async function carryOut(
  context: Acting,
  flags: WriteFlags,
  wallet: MemberWallet | undefined,
  prepare: (context: Acting) => Promise<Act> | Act,
): Promise<void> {
  const act = await prepare(context);
  const { message, only, moves = 0n } = act;
  if (only !== undefined && !only.equals(context.me)) {
    throw refused(`Only ${only} may do this, and you are ${context.me}.`, 'Use its wallet.');
  }
  const done = (document: object) => {
    if (context.json) process.stdout.write(`${toJson(document)}\n`);
  };
  if (flags.unsigned) {
    const document = unsigned(message);
    if (context.json) return done(document);
    process.stdout.write(`${toJson(document)}\n`);
    return;
  }
  const fees = estimateFee(chainPrices(await context.config()), act.cost).total;
  plan(context, act, fees);
  if (flags.dryRun || wallet === undefined) {
    context.print('Dry run: nothing was sent.');
    return done({ sent: false, ...unsigned(message), fees: { estimated: fees } });
  }
  const balance = (await context.chain.account(wallet.address)).balance;
  const need = message.value + WALLET_MARGIN;
  if (balance < need) {
    throw refused(`${wallet.address} holds ${ton(balance)}, ${ton(need)} are needed.`, 'Fund it first.');
  }
  await confirm(flags);
  const hops = await send(context, wallet, act);
  const results = await act.conclude(hops, context);
  const paid = paidBySender(hops, act.treasuryPays);
  for (const line of results) context.print(line);
  context.print(`Fees: ${ton(paid)}, estimated ${ton(fees)}`);
  const steps = hops.map(({ to, name, op, ok, outcome }) => ({ to, name, op, ok, outcome }));
  done({ sent: true, moved: moves, fees: { estimated: fees, paid }, hops: steps, result: results });
}

function plan({ me, print }: Acting, { title, message, moves = 0n, tree }: Act, fees: bigint): void {
  const op = message.body.bits.length < 32 ? undefined : opName(message.body.beginParse().loadUint(32));
  print(`Plan: ${title}`);
  print(
    rows([
      ['from', me.toString()],
      ['to', message.to.toString()],
      ['message', op ?? 'coins'],
      ['value', ton(message.value)],
      ['of it moves', ton(moves)],
      ['fees', `about ${ton(fees)}, and the wallet's own; of ${ton(message.value - moves)} the rest comes back`],
    ]),
  );
  print(`Messages\n${tree.map((line) => `  ${line}`).join('\n')}`);
}

async function confirm({ yes }: WriteFlags): Promise<void> {
  if (yes) return;
  if (process.stdin.isTTY !== true) throw usage('There is no terminal to confirm on.', 'Add --yes.');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question('Send it? [y/N] ');
  reader.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw refused('Cancelled, nothing was sent.', '');
}

async function send(context: Acting, wallet: MemberWallet, act: Act): Promise<Hop[]> {
  const { chain, network, print } = context;
  const pollMs = network === 'custom' ? 100 : 1500;
  const before = await chain.account(wallet.address);
  const seqno = await wallet.seqno(chain);
  // By the chain's clock: a local chain may be days ahead of this machine.
  const validUntil = (await chain.time()) + MESSAGE_LIFETIME_S;
  const boc = wallet.sign({ seqno, deployed: before.status === 'active', validUntil }, act.message).toBoc();
  try {
    await chain.sendBoc(boc);
  } catch (error) {
    if (!(error instanceof ChainError) || error.code !== 'message-rejected') throw error;
    const next = 'Check that it has coins and that --wallet-version is right.';
    throw new CliError(`The network refused the wallet's message: ${error.message}.`, next, {
      exitCode: ExitCode.rejected,
      cause: error,
    });
  }
  print('Sent. Waiting for the chain…');
  const message = await leftWallet(context, wallet.address, before.last?.lt ?? 0n, act.message, pollMs);
  return followTree(message, { chain, names: act.names, pollMs, report: (hop) => print(hopLine(hop)) });
}

/** Our message as the wallet sent it. */
async function leftWallet(
  { chain }: Acting,
  wallet: Address,
  after: bigint,
  { to, body }: OutgoingMessage,
  pollMs: number,
): Promise<Message> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    for (const transaction of await chain.transactions(wallet, { limit: 10 })) {
      if (transaction.lt <= after) break;
      for (const message of transaction.outMessages.values()) {
        const { info } = message;
        if (info.type === 'internal' && info.dest.equals(to) && message.body.hash().equals(body.hash())) return message;
      }
    }
    await delay(pollMs);
  }
  throw new CliError(
    'The wallet has not sent the message within 2 minutes.',
    'Its own limit of time has passed or will soon: look at the wallet, then run the command again.',
    { exitCode: ExitCode.unknown },
  );
}

/** Every part must have gone through. @throws CliError for the first that did not */
export function requireOk(hops: readonly Hop[]): void {
  const failed = hops.find(({ ok }) => !ok);
  if (failed === undefined) return;
  throw new CliError(
    `The ${failed.name} refused ${failed.op}: ${failed.outcome}.`,
    'See docs/errors.md for the code.',
    {
      exitCode: ExitCode.rejected,
    },
  );
}
