import {
  type Address,
  beginCell,
  type Cell,
  type CommonMessageInfoInternal,
  type Message,
  type StateInit,
} from '@ton/core';
import { type Blockchain, SmartContract, type SmartContractTransaction } from '@ton/sandbox';

/**
 * A network in which messages take their time. What people and contracts send lies in a pool until somebody picks a
 * channel (sender, receiver) to deliver from. Within a channel messages keep their order, as TON guarantees; between
 * channels any order may happen, and the caller chooses. Contracts run in the emulator, one transaction per delivery;
 * every other address is a person's purse, which takes all and costs nothing, so that receipts are exact.
 */

export interface InternalMessage extends Message {
  info: CommonMessageInfoInternal;
}

/** A message on its way. */
export interface InFlight {
  readonly message: InternalMessage;
  /** the delivery that sent it; undefined where a person did */
  readonly cause: Delivery | undefined;
}

/** One message delivered, and what came of it. */
export interface Delivery extends InFlight {
  readonly now: number;
  /** undefined where the receiver is a person */
  readonly tx: SmartContractTransaction | undefined;
  /** compute phase, or the action phase where compute went well; undefined when no code ran */
  readonly exitCode: number | undefined;
  /** the whole transaction went well: state kept, everything sent */
  readonly ok: boolean;
  readonly sent: readonly InFlight[];
  readonly dataBefore: Cell | undefined;
  readonly dataAfter: Cell | undefined;
  /** nanoTON that the receiver holds more than before; negative: fewer */
  readonly gain: bigint;
  /** nanoTON of rent that the receiver paid */
  readonly rent: bigint;
  /** nanoTON to validators, forward fees of what was sent included */
  readonly fees: bigint;
}

export interface PersonalMessage {
  to: Address;
  /** nanoTON */
  value: bigint;
  body: Cell;
  init?: StateInit | undefined;
  /** bit 0: a bounce comes in the new format; bit 1: it brings the whole body back, not only the root cell */
  extraFlags?: bigint;
  /** the sender's clock; default: the pool's */
  createdAt?: number;
}

/** How a message arrives. */
export interface Arrival {
  /** the receiver's clock; default: the pool's */
  now?: number;
  /** the receiver cannot take it, as if it were frozen: the message comes back, if it can */
  refused?: boolean;
}

/** What a bounce costs on its way, about as much as the chain takes. */
const BOUNCE_FEE = 100_000n;

export class MessagePool {
  readonly contracts = new Map<string, SmartContract>();
  /** What each person gained or lost so far, nanoTON. */
  readonly purses = new Map<string, bigint>();
  /** nanoTON that validators took so far */
  fees = 0n;
  now: number;
  private readonly channels = new Map<string, InFlight[]>();
  private lt = 1n;

  constructor(
    private readonly chain: Blockchain,
    start: number,
  ) {
    this.now = start;
  }

  /** The same network once more, to go on from here in another way. Nothing may be on its way. */
  fork(): MessagePool {
    if (this.size > 0) throw new Error('messages are on their way');
    const twin = new MessagePool(this.chain, this.now);
    for (const [key, { account }] of this.contracts) twin.contracts.set(key, new SmartContract(account, this.chain));
    for (const [person, coins] of this.purses) twin.purses.set(person, coins);
    twin.fees = this.fees;
    twin.lt = this.lt;
    return twin;
  }

  /** From now on code may live at this address; before, the address was a purse. */
  addContract(address: Address): void {
    this.contracts.set(address.toRawString(), SmartContract.empty(this.chain, address));
  }

  /** Puts a person's message into the pool; it always bounces, as wallets send by default. */
  send(from: Address, { to, value, body, init, extraFlags = 0n, createdAt = this.now }: PersonalMessage): void {
    this.lt += 1n;
    this.credit(from, -value);
    const info: CommonMessageInfoInternal = {
      type: 'internal',
      ihrDisabled: true,
      bounce: true,
      bounced: false,
      src: from,
      dest: to,
      value: { coins: value },
      // Since TVM 12 this field carries the extra flags; the library still calls it by its old name.
      ihrFee: extraFlags,
      forwardFee: 0n,
      createdLt: this.lt,
      createdAt,
    };
    this.enqueue({ message: { info, body, init: init ?? null }, cause: undefined });
  }

  get size(): number {
    let size = 0;
    for (const channel of this.channels.values()) size += channel.length;
    return size;
  }

  /** Everything on its way, channel by channel. */
  inFlight(): InFlight[] {
    return [...this.channels.values()].flat();
  }

  /**
   * Delivers the oldest message of one channel; `pick` is any number. Undefined when nothing is on its way.
   * @param arrival how the message that was picked arrives; default: now, and well
   */
  async deliver(pick: number, arrival?: (next: InFlight) => Arrival): Promise<Delivery | undefined> {
    const open = [...this.channels];
    const chosen = open[pick % Math.max(1, open.length)];
    if (chosen === undefined) return undefined;
    const [key, queue] = chosen;
    const next = queue.shift()!;
    if (queue.length === 0) this.channels.delete(key);
    const { now = this.now, refused = false } = arrival?.(next) ?? {};
    return refused ? this.turnBack(next, now) : this.arrive(next, now);
  }

  balanceOf(address: Address): bigint {
    const key = address.toRawString();
    return this.contracts.get(key)?.balance ?? this.purses.get(key) ?? 0n;
  }

  /** The data cell of a live contract. */
  dataOf(address: Address): Cell | undefined {
    return dataIn(this.contracts.get(address.toRawString()));
  }

  isLive(address: Address): boolean {
    return this.contracts.get(address.toRawString())?.accountState?.type === 'active';
  }

  /** Coins of everybody, on their way, and spent: zero for ever, because everybody starts with nothing. */
  total(): bigint {
    let total = this.fees;
    for (const contract of this.contracts.values()) total += contract.balance;
    for (const purse of this.purses.values()) total += purse;
    for (const { message } of this.inFlight()) total += message.info.value.coins;
    return total;
  }

  /** The receiver takes nothing; a message that can bounce does, with the first 256 bits of its body. */
  private turnBack(turned: InFlight, now: number): Delivery {
    const { message, cause } = turned;
    const { src, dest, value, bounce } = message.info;
    const data = this.dataOf(dest);
    const fees = bounce && value.coins > BOUNCE_FEE ? BOUNCE_FEE : value.coins;
    const sent: InFlight[] = [];
    const nothing = { tx: undefined, exitCode: undefined, ok: false, gain: 0n, rent: 0n };
    const delivery: Delivery = { message, cause, now, sent, fees, dataBefore: data, dataAfter: data, ...nothing };
    this.fees += fees;
    if (bounce) {
      this.lt += 1n;
      const bits = message.body.bits;
      const body = beginCell()
        .storeUint(0xffffffff, 32)
        .storeBits(bits.substring(0, Math.min(bits.length, 256)))
        .endCell();
      const coins = value.coins - fees;
      const back = { src: dest, dest: src, bounce: false, bounced: true, value: { coins } };
      const info: CommonMessageInfoInternal = { ...message.info, ...back, createdLt: this.lt, createdAt: now };
      const item = { message: { info, body, init: null }, cause: delivery };
      sent.push(item);
      this.enqueue(item);
    }
    return delivery;
  }

  private async arrive(arrived: InFlight, now: number): Promise<Delivery> {
    const { message, cause } = arrived;
    const { dest, value } = message.info;
    const contract = this.contracts.get(dest.toRawString());
    if (contract === undefined) {
      this.credit(dest, value.coins);
      const nothing = { tx: undefined, exitCode: undefined, dataBefore: undefined, dataAfter: undefined };
      return { message, cause, now, ok: true, sent: [], gain: value.coins, rent: 0n, fees: 0n, ...nothing };
    }
    const dataBefore = dataIn(contract);
    const coinsBefore = contract.balance;
    const tx = await contract.receiveMessage(message, { now });
    const out = tx.outMessages.values().filter(isInternal);
    const fees = out.reduce((sum, { info }) => sum + info.forwardFee, tx.totalFees.coins);
    this.fees += fees;
    const sent: InFlight[] = [];
    const delivery: Delivery = {
      ...{ message, cause, now, tx, sent, fees, dataBefore, dataAfter: dataIn(contract) },
      gain: contract.balance - coinsBefore,
      ...phasesOf(tx),
    };
    for (const each of out) {
      if (each.info.createdLt > this.lt) this.lt = each.info.createdLt;
      sent.push({ message: each, cause: delivery });
      this.enqueue({ message: each, cause: delivery });
    }
    return delivery;
  }

  private enqueue(item: InFlight): void {
    const { src, dest } = item.message.info;
    const key = `${src.toRawString()}>${dest.toRawString()}`;
    const channel = this.channels.get(key);
    if (channel === undefined) this.channels.set(key, [item]);
    else channel.push(item);
  }

  private credit(person: Address, coins: bigint): void {
    const key = person.toRawString();
    this.purses.set(key, (this.purses.get(key) ?? 0n) + coins);
  }
}

function isInternal(message: Message): message is InternalMessage {
  return message.info.type === 'internal';
}

function dataIn(contract: SmartContract | undefined): Cell | undefined {
  const state = contract?.accountState;
  return state?.type === 'active' ? (state.state.data ?? undefined) : undefined;
}

function phasesOf(tx: SmartContractTransaction): Pick<Delivery, 'exitCode' | 'ok' | 'rent'> {
  if (tx.description.type !== 'generic') throw new Error(`a ${tx.description.type} transaction`);
  const { computePhase, actionPhase, storagePhase, aborted } = tx.description;
  const rent = storagePhase?.storageFeesCollected ?? 0n;
  if (computePhase.type === 'skipped') return { exitCode: undefined, ok: false, rent };
  const exitCode = computePhase.exitCode === 0 ? (actionPhase?.resultCode ?? 0) : computePhase.exitCode;
  return { exitCode, ok: !aborted, rent };
}

/** A cell with nothing in it, the body of a plain transfer. */
export const noBody = beginCell().endCell();
