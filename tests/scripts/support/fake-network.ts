import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkProvider } from '@ton/blueprint';
import { Address, beginCell, type ContractState, type SenderArguments } from '@ton/core';
import type { Blockchain } from '@ton/sandbox';
import { type Actor, type Checkpoint, checkpoint, createWorld, type Role, type World } from '../../support/world';

/** A network as Blueprint hands it to scripts, on an emulated chain: every message is executed when it is sent. */
export class FakeNetwork {
  readonly world: World;
  /** everything the script wrote, in order */
  readonly lines: string[] = [];
  readonly sent: SenderArguments[] = [];
  /** what a person answers, in order; a question without an answer fails the test */
  readonly answers: string[] = [];
  sender: Actor | undefined;
  network: 'custom' | 'testnet' | 'mainnet' = 'custom';
  /** An endpoint that cannot tell the config: nothing can be simulated. */
  hidesConfig = false;

  constructor(world: World, sender: Role) {
    this.world = world;
    this.sender = world.actors[sender];
  }

  as(role: Role | undefined): this {
    this.sender = role === undefined ? undefined : this.world.actors[role];
    return this;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** What was written since the last call. */
  read(): string {
    return this.lines.splice(0).join('\n');
  }

  get provider(): NetworkProvider {
    const { chain } = this.world;
    return {
      network: () => this.network,
      sender: () => ({ address: this.sender?.address, send: (message: SenderArguments) => this.#send(message) }),
      api: () => ({ getContractState: async () => ({ timestampt: this.world.now() }) }),
      provider: (address: Address) => ({
        getState: async () => (address.equals(CONFIG) ? this.#config(chain) : chain.provider(address).getState()),
        getTransactions: async () => {
          const found = await chain.getTransactions(address, { limit: 1000 });
          return [...found].sort((one, other) => Number(other.lt - one.lt));
        },
      }),
      ui: () => ({
        write: (line: string) => this.lines.push(line),
        prompt: async (question: string) => this.#answer(question) === 'y',
        input: async (question: string) => this.#answer(question),
        choose: async <T>(question: string, choices: T[], display: (choice: T) => string) => {
          const answer = this.#answer(question);
          return choices.find((choice) => display(choice) === answer);
        },
      }),
    } as unknown as NetworkProvider;
  }

  async #send(message: SenderArguments): Promise<void> {
    if (this.sender === undefined) throw new Error('nobody is connected');
    this.sent.push(message);
    await this.sender.send(message);
  }

  #answer(question: string): string {
    this.lines.push(`? ${question}`);
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error(`nobody answers: ${question}`);
    return answer;
  }

  #config(chain: Blockchain): ContractState {
    const last = { lt: 1n, hash: Buffer.alloc(32) };
    if (this.hidesConfig) return { balance: 0n, extracurrency: null, last, state: { type: 'uninit' } };
    const data = beginCell().storeRef(chain.config).endCell().toBoc();
    return {
      balance: 0n,
      extracurrency: null,
      last,
      state: { type: 'active', code: beginCell().endCell().toBoc(), data },
    };
  }
}

const CONFIG = new Address(-1, Buffer.alloc(32, 0x55));

/** A fresh chain, and a folder of its own for the manifests that scripts write. */
export function useFakeNetwork(sender: Role = 'rootOwner'): () => FakeNetwork {
  const home = process.cwd();
  let folder: string;
  let network: FakeNetwork;
  let world: World;
  let fresh: Checkpoint;
  beforeAll(async () => {
    world = await createWorld();
    fresh = checkpoint(world);
  });
  beforeEach(async () => {
    await fresh.restore();
    folder = mkdtempSync(join(tmpdir(), 'cocoon-scripts-'));
    process.chdir(folder);
    network = new FakeNetwork(world, sender);
  });
  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });
  return () => network;
}

/** Runs a script as Blueprint does. @returns its exit code */
export async function runScript(
  run: (provider: NetworkProvider, args: string[]) => Promise<void>,
  network: FakeNetwork,
  ...args: string[]
): Promise<number> {
  const exit = jest.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Exit(Number(code));
  });
  try {
    await run(network.provider, args);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    throw error;
  } finally {
    exit.mockRestore();
  }
}

/** Runs a script that is expected to do its work. */
export async function succeed(...[run, network, ...args]: Parameters<typeof runScript>): Promise<void> {
  if ((await runScript(run, network, ...args)) !== 0) throw new Error(`the script failed:\n${network.text}`);
}

class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
