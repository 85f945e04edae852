import { type Address, type Cell, fromNano } from '@ton/core';
import { Blockchain } from '@ton/sandbox';
import type { VaultData } from '../../../wrappers';
import { type Delivery, type InFlight, MessagePool } from '../../support/message-pool';
import { configAt } from '../../support/price-sets';
import { START } from '../../support/world';
import {
  type DaoBooks,
  type ProposalBooks,
  readDao,
  readProposal,
  readStake,
  readVault,
  type StakeBooks,
} from './books';
import { Cast, type Contract, MEMBERS, members, refuser, stranger, TON } from './cast';
import { Clocks } from './clocks';
import type { Library } from './codes';
import { nextEdge } from './edges';
import type { Choice } from './operations';
import { Oracle } from './oracle';
import { readCast, said } from './said';
import { type Beside, Shadow } from './shadow';
import { Story } from './story';
import { VaultWatch } from './vault-watch';

/** Pays for any operation and all that follows from it. */
export const FAIR = TON / 2n;

/** One run: the network, the accountant beside it, and the story of what happened. */
export class Scene {
  readonly story: Story;
  /** nanoTON of rent that each contract has paid */
  readonly rent = new Map<Contract, bigint>();
  /** votes that members sent to the stranger, which is no proposal: who, and the number */
  readonly strangersVotes: { member: number; nonce: number }[] = [];
  private clocks: Clocks;

  private constructor(
    readonly cast: Cast,
    readonly pool: MessagePool,
    readonly oracle: Oracle,
    readonly shadow: Shadow,
    readonly watch: VaultWatch,
  ) {
    this.story = new Story(cast);
    this.clocks = new Clocks(pool.now, () => 0);
  }

  static async create({ codes, libraries }: Library, beside: Beside = {}): Promise<Scene> {
    const cast = new Cast(codes);
    const chain = await Blockchain.create({ config: configAt('current') });
    // Put into a BoC once, not with every message.
    const boc = libraries.toBoc();
    chain.libs = { toBoc: () => boc } as Cell;
    const pool = new MessagePool(chain, START);
    return new Scene(cast, pool, new Oracle(cast), new Shadow(cast, beside), new VaultWatch(cast));
  }

  /** The same scene once more, to go on from here in another way. */
  fork(): Scene {
    const twin = new Scene(this.cast, this.pool.fork(), this.oracle.fork(), this.shadow.fork(), this.watch.fork());
    for (const [contract, rent] of this.rent) twin.rent.set(contract, rent);
    return twin;
  }

  /** @param lags seconds by which clocks may be behind: a member's and its Stake's, then the Dao's and the Vault's, then proposals' */
  setLags(lags: readonly number[]): void {
    this.clocks = new Clocks(this.pool.now, (account) => {
      const contract = this.cast.at(account);
      const member = contract?.kind === 'stake' ? contract.number : members.findIndex((each) => each.equals(account));
      if (member >= 0) return lags[member] ?? 0;
      return lags[contract?.kind === 'proposal' ? MEMBERS + 1 + (contract.number % 2) : MEMBERS] ?? 0;
    });
  }

  stake(member: number): StakeBooks | undefined {
    const data = this.pool.dataOf(this.cast.stakes[member]!.address);
    return data && readStake(data);
  }

  dao(): DaoBooks {
    return readDao(this.pool.dataOf(this.cast.dao.address)!);
  }

  vault(): VaultData {
    return readVault(this.pool.dataOf(this.cast.vault.address)!);
  }

  proposal(id: number): ProposalBooks | undefined {
    const data = this.pool.dataOf(this.cast.proposal(id).address);
    return data && readProposal(data);
  }

  rentOf(contract: Contract): bigint {
    return this.rent.get(contract) ?? 0n;
  }

  /** A person sends something. */
  post(from: Address, to: Contract, body: Cell, opts: { value?: bigint; says: string; deploys?: boolean }): void {
    const { value = FAIR, says, deploys = false } = opts;
    const createdAt = this.clocks.now(from, this.pool.now);
    this.story.act(`${this.cast.nameOf(from)} ${says} at ${to.name} with ${fromNano(value)} TON`);
    this.pool.send(from, { to: to.address, value, body, createdAt, init: deploys ? to.init : undefined });
  }

  /**
   * Delivers one message.
   * @param pick which channel delivers
   * @param prompt the receiver's clock is the network's, however far it lags otherwise
   * @param refused the receiver cannot take it, if it is one that comes back
   * @param edge time goes on until the receiver begins to answer otherwise, if that is near
   */
  async deliver({ pick, prompt, refused, edge }: Omit<Choice, 'seconds'>): Promise<Delivery | undefined> {
    const delivery = await this.pool.deliver(pick, (next) => {
      const { dest, createdAt } = next.message.info;
      const turn = edge && nextEdge(this, dest);
      if (turn !== undefined) this.pool.now = edge === 'at' ? turn : turn - 1;
      this.clocks.advance(dest, prompt || turn !== undefined ? this.pool.now : createdAt);
      this.makeRoom(next);
      return {
        now: this.clocks.now(dest, this.pool.now),
        refused: dest.equals(refuser) || (refused && mayBeRefused(next)),
      };
    });
    if (delivery === undefined) return undefined;
    this.story.delivery(delivery);
    const contract = this.cast.at(delivery.message.info.dest);
    if (contract !== undefined) this.rent.set(contract, this.rentOf(contract) + delivery.rent);
    this.oracle.record(delivery);
    this.shadow.record(delivery);
    this.watch.record(delivery, this);
    this.noteStrangersVote(delivery);
    return delivery;
  }

  /** The network learns of contracts as somebody writes to them. */
  private makeRoom({ message }: InFlight): void {
    const { dest } = message.info;
    if (this.pool.contracts.has(dest.toRawString())) return;
    if (this.cast.at(dest) !== undefined) this.pool.addContract(dest);
  }

  private noteStrangersVote({ message }: Delivery): void {
    const { dest, bounced } = message.info;
    if (bounced || !dest.equals(stranger) || said(message).op !== 'castVote') return;
    const member = this.cast.at(message.info.src)!.number;
    this.strangersVotes.push({ member, nonce: readCast(message).nonce });
  }
}

/** What the specification lets come back: questions between contracts. Answers never do. */
const QUESTIONS: readonly (string | undefined)[] = [
  ...['daoStakeAdd', 'daoStakeSub', 'delegateIn', 'undelegate', 'castVote', 'daoPropose', 'proposalInit'],
  ...['proposalPassed', 'proposalClosed', 'vaultSchedule', 'daoSetParams'],
];

function mayBeRefused({ message, cause }: InFlight): boolean {
  return cause !== undefined && message.info.bounce && QUESTIONS.includes(said(message).op);
}

/** Delivers until nothing is on its way, all clocks right. */
export async function drain(scene: Scene, each?: (delivery: Delivery) => void): Promise<void> {
  for (let pick = 0; scene.pool.size > 0; pick += 7) {
    const delivery = (await scene.deliver({ pick, prompt: true, refused: false, edge: undefined }))!;
    each?.(delivery);
  }
}
