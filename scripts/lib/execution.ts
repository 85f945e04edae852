import type { OutgoingMessage } from '@cocoon/sdk';
import type { NetworkProvider } from '@ton/blueprint';
import { Address, type Transaction } from '@ton/core';
import { LiveChain } from './chain';
import { changedRows, listing, type Row, tonAmount } from './format';
import type { Prompts } from './prompts';
import { ScriptError } from './script-error';
import { Simulation } from './simulation';
import { type Hop, hopOf, type Names, nameOf, operationOf, traceLines } from './trace';

/** One message of a plan, and how to see on chain that it has done its work. */
export interface Step {
  /** what it does, in the imperative: "raise the stake to 15 TON" */
  label: string;
  message: OutgoingMessage;
  /** fields of the body, and what they change */
  fields: Row[];
  /** Only this account's message will be obeyed; undefined: anybody's. */
  sender?: Address;
  /** Has it happened? Left out where nothing on chain tells; then the message is always sent. */
  isDone?: () => Promise<boolean>;
}

export interface Plan {
  title: string;
  /** facts that are no message: addresses, code hashes, warnings */
  facts: Row[];
  steps: Step[];
  names: Names;
  /** Rows of the contract that the plan is about, from its live state or from the simulated one. */
  view?: (from: Pick<LiveChain, 'contract'> | Simulation) => Promise<Row[]>;
}

/** Stands for whoever opens a deep link, in simulations of what anyone may send. */
const ANYBODY = new Address(0, Buffer.alloc(32));
/** For gas and the message's way; what a wallet must hold besides the value. */
const SENDER_MARGIN = 50_000_000n;

/** Shared by all scripts that send: plan, simulation, one confirmation, sending, waiting, checking. */
export class Execution {
  readonly live: LiveChain;
  readonly #provider: NetworkProvider;
  readonly #prompts: Prompts;

  constructor(provider: NetworkProvider, prompts: Prompts, live: LiveChain = new LiveChain(provider)) {
    this.#provider = provider;
    this.#prompts = prompts;
    this.live = live;
  }

  /** @returns 'sent', 'done' (nothing was left to do) or 'dry' (dryRun=true). @throws ScriptError */
  async carryOut(plan: Plan): Promise<'sent' | 'done' | 'dry'> {
    const steps: Step[] = [];
    for (const step of plan.steps) if (!(await step.isDone?.())) steps.push(step);
    this.#write(`Plan: ${plan.title}`, plan.facts);
    if (steps.length === 0) {
      this.#write('It is on chain already: nothing to send.');
      return 'done';
    }
    for (const step of steps) this.#write(`Message: ${step.label}`, this.#messageRows(plan, step));
    const dry = this.#prompts.args.flag('dryRun');
    if (!dry) await this.#requireSender(steps);

    const before = await plan.view?.(this.live);
    await this.#simulate(plan, steps, before);
    if (dry) {
      this.#write('Dry run: nothing was sent.');
      return 'dry';
    }
    await this.#prompts.confirm(steps.length === 1 ? 'Send it?' : `Send these ${steps.length} messages?`);
    for (const step of steps) await this.#send(plan, step);
    const after = await plan.view?.(this.live);
    if (before && after) this.#write('On chain now:', changedRows(before, after));
    return 'sent';
  }

  #messageRows(plan: Plan, { message, fields, sender }: Step): Row[] {
    const { address } = this.#provider.sender();
    const from = address ?? sender;
    return [
      ['from', from === undefined ? 'whoever opens the link' : `${from} (${nameOf(plan.names, from)})`],
      ['to', `${message.to} (${nameOf(plan.names, message.to)})`],
      ['value', tonAmount(message.value)],
      ['body', operationOf(message.body)],
      ...fields.map(([name, value]): Row => [`  ${name}`, value]),
      ...(message.init ? [['deploys', message.init.code?.hash().toString('hex') ?? ''] as Row] : []),
      // So that a multisig, the DAO or another wallet can send exactly this.
      ...(this.#prompts.args.flag('dryRun') ? [['body, BoC', message.body.toBoc().toString('base64')] as Row] : []),
    ];
  }

  async #requireSender(steps: readonly Step[]): Promise<void> {
    const { address } = this.#provider.sender();
    for (const { sender, message } of steps) {
      // A deep link is opened by whom it may concern: nobody to check.
      if (address === undefined || sender === undefined || sender.equals(address)) continue;
      throw new ScriptError(
        `${message.to} obeys ${sender} only, and you are ${address}.`,
        'Use the owner wallet, or add dryRun=true to get the message for a multisig or the DAO.',
      );
    }
    if (address === undefined) return;
    const need = steps.reduce((sum, { message }) => sum + message.value, SENDER_MARGIN);
    const { balance } = await this.live.account(address);
    if (balance >= need || this.#prompts.args.flag('force')) return;
    throw new ScriptError(`${address} holds ${tonAmount(balance)}, ${tonAmount(need)} are needed.`, 'Fund it first.');
  }

  async #simulate(plan: Plan, steps: readonly Step[], before: Row[] | undefined): Promise<void> {
    const hops: Hop[] = [];
    let changes: Row[] = [];
    try {
      const simulation = await Simulation.create(this.live);
      for (const { message, sender } of steps) {
        // Where somebody else must send it, a dry run shows what happens when that one does.
        const from = sender ?? this.#provider.sender().address ?? ANYBODY;
        hops.push(...(await simulation.run(from, message)));
      }
      const after = await plan.view?.(simulation);
      if (before && after) changes = changedRows(before, after);
    } catch (error) {
      await this.#goOnWithout(error as Error);
      return;
    }
    const fees = hops.reduce((sum, hop) => sum + hop.fees, 0n);
    const trace = `${traceLines(hops, plan.names)}\n  fees in all: ${tonAmount(fees)}`;
    this.#write(`Simulation on the live state:\n${trace}`);
    if (changes.length > 0) this.#write('Changes:', changes);
    const failed = hops.find(({ ok }) => !ok);
    if (failed === undefined) return;
    const what = `The simulation failed at ${nameOf(plan.names, failed.to)}: ${failed.outcome}.`;
    if (this.#prompts.args.flag('force')) this.#write(`${what} force=true: going on all the same.`);
    else throw new ScriptError(what, 'Nothing was sent. force=true sends it all the same.');
  }

  async #goOnWithout({ message }: Error): Promise<void> {
    const { args, interactive } = this.#prompts;
    const what = `The message could not be simulated: ${message.replace(/\s+/g, ' ')}`;
    if (args.flag('force') || args.flag('dryRun') || interactive) this.#write(`Warning: ${what}`);
    else throw new ScriptError(what, 'Nothing was sent. force=true sends it without a simulation.');
  }

  async #send(plan: Plan, step: Step): Promise<void> {
    const { message } = step;
    const known = (await this.live.account(message.to)).lastLt;
    const { to, value, body, init } = message;
    await this.#provider.sender().send({ to, value, body, ...(init ? { init } : {}) });
    this.#write(`Sent: ${step.label}. Waiting for the chain…`);
    const arrived = await this.live.until(() => this.#arrival(step, known));
    if (arrived === undefined) {
      throw new ScriptError(
        `The message to ${to} (${nameOf(plan.names, to)}) did not arrive in time.`,
        'Look at your wallet, then run the script again: it sends only what is missing.',
      );
    }
    const hops = await this.#follow(arrived, to, plan.names);
    this.#write(traceLines(hops, plan.names));
    const failed = hops.find(({ ok }) => !ok);
    if (failed) throw new ScriptError(`It failed at ${nameOf(plan.names, failed.to)}: ${failed.outcome}.`, '');
    const { isDone } = step;
    if (isDone === undefined) return;
    if (!(await this.live.until(async () => ((await isDone()) ? true : undefined)))) {
      throw new ScriptError(
        `${to} took the message, but the effect is not there: ${step.label}.`,
        'Look at the contract.',
      );
    }
  }

  /** The transaction that received our message: same body, same sender, later than what was there before. */
  async #arrival({ message }: Step, after: bigint): Promise<Transaction | undefined> {
    const { address } = this.#provider.sender();
    const transactions = await this.live.transactions(message.to, { after });
    return transactions.find(({ inMessage }) => {
      if (inMessage?.info.type !== 'internal' || inMessage.info.bounced) return false;
      const fromUs = address === undefined || inMessage.info.src.equals(address);
      return fromUs && inMessage.body.hash().equals(message.body.hash());
    });
  }

  /** What the message set off at the contracts of the plan; what goes to wallets is not waited for. */
  async #follow(transaction: Transaction, account: Address, names: Names): Promise<Hop[]> {
    const own = hopOf(transaction, account);
    const hops = own === undefined ? [] : [own];
    for (const { info } of transaction.outMessages.values()) {
      if (
        info.type !== 'internal' ||
        !names.get(info.dest.toRawString())?.match(/^(root|proxy|client|worker|wallet)$/)
      ) {
        continue;
      }
      const next = await this.live.until(async () => {
        const candidates = await this.live.transactions(info.dest, { after: info.createdLt });
        return candidates.find(({ inMessage }) => {
          const received = inMessage?.info;
          return received?.type === 'internal' && received.createdLt === info.createdLt && received.src.equals(account);
        });
      });
      if (next !== undefined) hops.push(...(await this.#follow(next, info.dest, names)));
    }
    return hops;
  }

  #write(title: string, rows: readonly Row[] = []): void {
    this.#provider.ui().write(rows.length === 0 ? title : `${title}\n${listing(rows)}`);
  }
}
