import { type Address, Cell, parseTuple, type TupleItem } from '@ton/core';
import { Executor } from '@ton/sandbox';
import { LocalnetError, oneLine } from './errors';

/** What the lite-servers of the live network allow a get method. */
const GET_METHOD_GAS = 1_000_000n;
const NO_SEED = Buffer.alloc(32);

export interface RunMessage {
  /** ShardAccount, base64 BoC. */
  account: string;
  message: Cell;
  /** Unix seconds. */
  now: number;
  lt: bigint;
  /** Seeds the contract's random numbers (32 bytes). */
  seed: Buffer;
  ignoreSignature?: boolean;
}

export type RunMessageResult =
  | { accepted: true; transaction: Cell; account: string }
  | { accepted: false; reason: string; exitCode: number | undefined };

export interface RunGetMethod {
  code: Cell;
  data: Cell;
  address: Address;
  balance: bigint;
  now: number;
  method: string | number;
  stack: TupleItem[];
}

export interface GetMethodAnswer {
  exitCode: number;
  gasUsed: number;
  stack: TupleItem[];
}

/** Method ids of get methods: crc16 of the name with bit 16 set (the TON convention). */
export function methodId(name: string): number {
  let crc = 0;
  for (const byte of Buffer.from(name, 'utf8')) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc | 0x10000;
}

/** One for the process: compiling the WebAssembly takes a quarter of a second, and it keeps nothing between calls. */
let executor: Promise<Executor> | undefined;

/**
 * The transaction executor of `@ton/sandbox`, without its Blockchain: that one keeps every transaction for ever, hides the
 * logical time and cannot undo half a cascade.
 *
 * A WebAssembly abort leaves the module unusable, so any throw from it replaces the executor; the caller gets a
 * {@link LocalnetError} and its own state is untouched.
 */
export class Emulator {
  readonly #config: string;

  private constructor(config: string) {
    this.#config = config;
  }

  static async create(config: Cell): Promise<Emulator> {
    executor ??= Executor.create();
    await executor;
    return new Emulator(config.toBoc({ idx: false }).toString('base64'));
  }

  async runMessage(run: RunMessage): Promise<RunMessageResult> {
    const { result } = await this.#guard('a message', (executor) =>
      executor.runTransaction({
        config: this.#config,
        libs: null,
        verbosity: 'short',
        shardAccount: run.account,
        now: run.now,
        lt: run.lt,
        randomSeed: run.seed,
        ignoreChksig: run.ignoreSignature ?? false,
        debugEnabled: false,
        message: run.message,
      }),
    );
    if (!result.success) {
      return { accepted: false, reason: oneLine(result.error), exitCode: result.vmResults?.vmExitCode };
    }
    return { accepted: true, transaction: Cell.fromBase64(result.transaction), account: result.shardAccount };
  }

  async runGetMethod(run: RunGetMethod): Promise<GetMethodAnswer> {
    const { output } = await this.#guard('a get method', (executor) =>
      executor.runGetMethod({
        code: run.code,
        data: run.data,
        methodId: typeof run.method === 'number' ? run.method : methodId(run.method),
        stack: run.stack,
        config: this.#config,
        verbosity: 'short',
        address: run.address,
        unixTime: run.now,
        balance: run.balance,
        randomSeed: NO_SEED,
        gasLimit: GET_METHOD_GAS,
        debugEnabled: false,
      }),
    );
    if (!output.success) {
      throw new LocalnetError('emulator', `the emulator refused the get method: ${oneLine(output.error)}`);
    }
    return {
      exitCode: output.vm_exit_code,
      gasUsed: Number(output.gas_used),
      stack: parseTuple(Cell.fromBase64(output.stack)),
    };
  }

  async #guard<T>(what: string, run: (executor: Executor) => Promise<T>): Promise<T> {
    executor ??= Executor.create();
    try {
      return await run(await executor);
    } catch (error) {
      executor = undefined;
      throw new LocalnetError('emulator', `the emulator could not run ${what}: ${oneLine(error)}`, { cause: error });
    }
  }
}
