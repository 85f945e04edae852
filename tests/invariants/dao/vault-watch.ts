import { OperationState, ProposalStatus, parseActions } from '../../../wrappers';
import type { Delivery, InternalMessage } from '../../support/message-pool';
import { sumOf } from './books';
import { type Cast, DAY, guardian, guardianUntil, root, vaultLimits } from './cast';
import { copyOf } from './copying';
import { said } from './said';
import type { Scene } from './scene';

interface Operation {
  hash: string;
  critical: boolean;
  eta: number;
  expires: number;
  state: 'waiting' | 'done' | 'vetoed';
}

const MOST_OPERATIONS = 32;
/** Actions that were vetoed cannot be vetoed again for so long. */
const VETO_MEMORY = 180 * DAY;
const LONGEST_PAUSE = 7 * DAY;
const WEEK = 7 * DAY;

/**
 * Follows what the Vault was told, and knows from the rules of the specification (E1 to E4, E8, E9, I6) what it may send. It
 * believes nothing that the Vault says of itself.
 */
export class VaultWatch {
  readonly operations = new Map<number, Operation>();
  private readonly spends: { at: number; amount: bigint }[] = [];
  /** when, by the hash of the actions */
  private readonly vetoed = new Map<string, number>();
  private pausedUntil = 0;
  private wrong: string | undefined;

  constructor(private readonly cast: Cast) {}

  fork(): VaultWatch {
    const { operations, spends, vetoed, pausedUntil } = this;
    return Object.assign(new VaultWatch(this.cast), copyOf({ operations, spends, vetoed, pausedUntil }));
  }

  /** What the Vault did against the rules since this was last asked. */
  takeWrong(): string | undefined {
    const { wrong } = this;
    this.wrong = undefined;
    return wrong;
  }

  record(delivery: Delivery, scene: Scene): void {
    const { message, ok } = delivery;
    if (!message.info.dest.equals(this.cast.vault.address)) return;
    const { op, rest } = said(message);
    if (ok && !message.info.bounced) {
      if (op === 'vaultExecute') {
        const treasury = scene.pool.balanceOf(this.cast.vault.address) - delivery.gain;
        this.wrong ??= this.executed(delivery, rest.loadUint(32), treasury);
        return;
      }
      if (op === 'vaultSchedule') this.wrong ??= this.scheduled(delivery, scene);
      if (op === 'vaultVeto') this.wrong ??= this.stopped(delivery, rest.loadUint(32));
      if (op === 'vaultPause') this.wrong ??= this.paused(delivery, rest.loadUint(32));
    }
    this.wrong ??= spends(delivery);
  }

  private scheduled({ message, now }: Delivery, scene: Scene): string | undefined {
    const { rest } = said(message);
    const [id, critical, hash] = [rest.loadUint(32), rest.loadUint(8) !== 0, rest.loadBuffer(32).toString('hex')];
    if (!message.info.src.equals(this.cast.dao.address)) return 'E1 somebody else than the Dao schedules';
    const known = this.operations.get(id);
    if (known !== undefined && now < known.expires) return `E2 operation ${id} is scheduled again`;
    const proposal = scene.proposal(id);
    if (proposal?.status !== ProposalStatus.scheduling) return `E1 operation ${id} has not passed`;
    if (proposal.actions?.hash().toString('hex') !== hash) return `E1 operation ${id} is not what was voted on`;
    const eta = now + (critical ? vaultLimits.delayCritical : vaultLimits.delayNormal);
    this.operations.set(id, { hash, critical, eta, expires: eta + vaultLimits.grace, state: 'waiting' });
    return undefined;
  }

  private stopped({ message, now }: Delivery, id: number): string | undefined {
    const operation = this.operations.get(id);
    if (!isGuardian(message, now)) return 'A3 somebody else than the guardian vetoes';
    if (operation?.state !== 'waiting' || now >= operation.expires)
      return `A3 operation ${id} does not wait for a veto`;
    const before = this.vetoed.get(operation.hash);
    if (before !== undefined && now < before + VETO_MEMORY)
      return `A3 what operation ${id} does is vetoed a second time`;
    operation.state = 'vetoed';
    this.vetoed.set(operation.hash, now);
    return undefined;
  }

  private paused({ message, now }: Delivery, seconds: number): string | undefined {
    if (!isGuardian(message, now)) return 'A3 somebody else than the guardian stops the Vault';
    if (seconds > LONGEST_PAUSE) return `A3 the Vault stops for ${seconds} seconds`;
    this.pausedUntil = Math.min(now + seconds, guardianUntil);
    return undefined;
  }

  /** E1 and E2, each conjunct; E3: all actions in their order, and nothing else but the answers. */
  private executed({ message, sent, now, gain, rent }: Delivery, id: number, treasury: bigint): string | undefined {
    const operation = this.operations.get(id);
    if (operation === undefined) return `E1 operation ${id} was never scheduled`;
    if (operation.state !== 'waiting') return `E2 operation ${id} is ${operation.state} already`;
    if (now < operation.eta) return `E1 operation ${id} is executed ${operation.eta - now} seconds too soon`;
    if (now >= operation.expires) return `E1 operation ${id} is executed after its time`;
    if (now < this.pausedUntil) return `E1 operation ${id} is executed while the Vault is stopped`;
    const list = message.body.refs[0]!;
    if (list.hash().toString('hex') !== operation.hash) return `E1 operation ${id} does something else`;
    operation.state = 'done';
    const actions = parseActions(list);
    for (const [i, { to, value }] of actions.entries()) {
      const { dest, value: carried } = sent[i]!.message.info;
      if (!dest.equals(to) || carried.coins !== value) return `E3 action ${i} of operation ${id} is another one`;
    }
    const answers = sent.slice(actions.length).map((item) => said(item.message).op);
    // The rest of the value may be too little to go back.
    if (!/^opDone(,stakeExcess)?$/.test(answers.join())) return `I6 operation ${id} also sends ${answers}`;
    const amount = sumOf(actions.map(({ value }) => value));
    if (-gain > amount + rent) return `I6 ${-gain} nanoTON leave with actions of ${amount}`;
    return operation.critical ? undefined : this.spent(amount, now, treasury);
  }

  /** E8. @param treasury at most what it held before */
  private spent(amount: bigint, now: number, treasury: bigint): string | undefined {
    const lately = sumOf(this.spends.filter(({ at }) => at > now - WEEK).map((spend) => spend.amount));
    this.spends.push({ at: now, amount });
    const most = ((treasury + lately) * BigInt(vaultLimits.spendCapBps)) / 10_000n;
    return lately + amount > most ? `E8 normal operations spend ${lately + amount} in a week, of ${most}` : undefined;
  }
}

const isGuardian = ({ info }: InternalMessage, now: number) => info.src.equals(guardian) && now < guardianUntil;

/** I6: whatever else happens, no more leaves than came. */
function spends({ message, sent, gain, rent, ok }: Delivery): string | undefined {
  if (gain + rent < 0n) return `I6 the Vault loses ${-gain - rent} nanoTON with ${said(message).op}`;
  const away = sumOf(sent.map((item) => item.message.info.value.coins));
  if (ok && away > message.info.value.coins) return `I6 the Vault passes on ${away} of ${message.info.value.coins}`;
  return undefined;
}

/** What the Vault keeps is what it was told, and who it obeys stays the same (I7). */
export function atVault(scene: Scene, { now }: Delivery): string | undefined {
  const data = scene.pool.dataOf(scene.cast.vault.address);
  if (data === undefined) return undefined;
  const { governor, operations, ...books } = scene.vault();
  if (!books.root.equals(root)) return 'I7 the Vault has another root';
  if (governor !== null && !governor.equals(scene.cast.dao.address)) return 'I7 the Vault obeys somebody else';
  if (operations.size > MOST_OPERATIONS) return `I10 the Vault keeps ${operations.size} operations`;
  for (const [id, { hash, eta, expires, state, critical }] of scene.watch.operations) {
    const kept = operations.get(id);
    if (kept === undefined && now >= expires) continue;
    const same = kept?.eta === eta && kept.expires === expires && kept.critical === critical;
    if (!same || kept.actionsHash.toString('hex') !== hash || kept.state !== OperationState[state]) {
      return `E9 the Vault keeps another operation ${id} than it was told`;
    }
  }
  return undefined;
}
