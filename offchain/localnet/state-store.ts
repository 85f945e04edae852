import type { LocalChainOptions } from './chain-options';
import { ChainState } from './chain-state';
import { type LocalnetError, oneLine } from './errors';
import { Journal } from './journal';
import { type StateRecord, stateRecord } from './records';
import { damaged } from './state-files';

const ROTATE_BYTES = 16 * 1024 * 1024;

/** The state in memory together with its journal on disk. Without a state directory there is no journal and nothing is kept. */
export class StateStore {
  readonly state: ChainState;
  readonly #options: LocalChainOptions;
  readonly #makeSnapshot: () => Promise<void>;
  #journal: Journal | undefined;
  #snapshotDue = false;

  /** @param makeSnapshot calls {@link rotate} at a moment when nothing else changes the state; asked when the journal is long */
  constructor(options: LocalChainOptions, makeSnapshot: () => Promise<void>) {
    this.#options = options;
    this.#makeSnapshot = makeSnapshot;
    this.state = new ChainState(options.keepTransactions ?? 20_000);
  }

  /** Brings back what is on disk. @throws LocalnetError about the state directory */
  async restore(): Promise<void> {
    const { stateDir: dir, ...rest } = this.#options;
    if (dir === undefined) {
      return;
    }
    const { journal, snapshot, appended } = await Journal.open({ dir, ...rest });
    this.#journal = journal;
    try {
      for (const value of [...snapshot, ...appended]) {
        this.state.apply(stateRecord.parse(value));
      }
    } catch (error) {
      await journal.close();
      throw damaged(dir, `a record is not understood (${oneLine(error)})`, { cause: error });
    }
    const { index } = this.state;
    if (index.last !== undefined) {
      this.#options.logger.info({ dir, seqno: index.last.seqno, transactions: index.count }, 'chain state restored');
    }
  }

  /** Resolves when the record would survive a power cut. The state must hold it already: a snapshot may begin right away. */
  async append(record: StateRecord): Promise<void> {
    if (this.#journal === undefined) {
      return;
    }
    const written = this.#journal.append(record);
    const { journal, snapshot } = this.#journal.sizes;
    if (journal > Math.max(this.#options.rotateBytes ?? ROTATE_BYTES, snapshot) && !this.#snapshotDue) {
      this.#snapshotDue = true;
      this.#makeSnapshot()
        .catch((error: unknown) => this.#options.logger.error({ error: oneLine(error) }, 'no snapshot was made'))
        .finally(() => {
          this.#snapshotDue = false;
        });
    }
    await written;
  }

  /** Writes the whole state to a new snapshot and empties the journal; heals a {@link failure}. */
  async rotate(): Promise<void> {
    await this.#journal?.rotate(this.state.records());
  }

  /** Why nothing can be appended. */
  get failure(): LocalnetError | undefined {
    return this.#journal?.failure;
  }

  /** In bytes. */
  get sizes(): { journal: number; snapshot: number } {
    return this.#journal?.sizes ?? { journal: 0, snapshot: 0 };
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }
}
