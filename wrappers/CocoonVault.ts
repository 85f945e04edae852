import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { type DaoAction, packActions } from './dao-actions';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { readStorage } from './state';
import { DefaultValue, DeployValue } from './values';
import {
  packVaultData,
  parseOperations,
  parseVaultData,
  parseVetoed,
  type VaultData,
  type VaultLimits,
  type VaultOperation,
} from './vault-data';
import { reasonCell, vaultBodies } from './vault-messages';

/** What get_vault_data answers. */
export interface VaultInfo
  extends Pick<
    VaultData,
    | 'governor'
    | 'successor'
    | 'guardian'
    | 'guardianUntil'
    | 'pausedUntil'
    | 'lastPause'
    | 'revokes'
    | 'root'
    | 'registrar'
    | 'limits'
  > {
  /** records kept, also of operations that are done, vetoed or expired */
  operations: number;
}

/** What get_vault_spending answers. */
export interface VaultSpending {
  /** nanoTON, by normal operations within the last seven days */
  spent: bigint;
  /** nanoTON that they may still spend now */
  left: bigint;
  /** spends on which the sum rests */
  count: number;
}

/**
 * Treasury of the DAO and owner of the root: executes what passed, once its timelock is over.
 * `build…` are pure and reusable; `send…` sends what they build. What only an executed proposal may tell the Vault is
 * in vaultBodies, as the body of an action.
 */
export class CocoonVault implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonVault {
    return new CocoonVault(address);
  }

  /** @param config initial data, see initialVaultData */
  static createFromConfig(config: VaultData, code: Cell): CocoonVault {
    const init = { code, data: packVaultData(config) };
    return new CocoonVault(stateInitAddress(init), init);
  }

  /** An empty body: the contract keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.vault, body: beginCell().endCell(), init };
  }

  /** Deployer, once: from then on the Vault obeys the governor. */
  static buildInit(to: Address, opts: VaultInitOptions): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultInit({ queryId: 0n, ...opts }));
  }

  /** Anyone, within the operation's time. */
  static buildExecute(to: Address, { actions, ...opts }: VaultExecuteOptions): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultExecute({ queryId: 0n, ...opts, actions: packActions(actions) }));
  }

  /** Guardian: the operation is never executed. @param opts.reason at most 512 bytes */
  static buildVeto(to: Address, { reason, ...opts }: VaultVetoOptions): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultVeto({ queryId: 0n, ...opts, reason: reasonCell(reason) }));
  }

  /** Guardian, once in 60 days: nothing is executed for so long. */
  static buildPause(to: Address, opts: MessageOptions & { seconds: number }): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultPause({ queryId: 0n, ...opts }));
  }

  /** Guardian: takes an image, a model or a proxy off the root's lists. @param opts.body one of the root's four removals */
  static buildRevoke(to: Address, opts: MessageOptions & { body: Cell }): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultRevoke({ queryId: 0n, ...opts }));
  }

  /** The governor that an executed proposal has named. */
  static buildClaimGovernor(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    return vaultMessage(to, opts, vaultBodies.vaultClaimGovernor({ queryId: 0n, ...opts }));
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.vault, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendInit(provider: ContractProvider, via: Sender, opts: VaultInitOptions): Promise<void> {
    await dispatch(provider, via, CocoonVault.buildInit(this.address, opts));
  }

  async sendExecute(provider: ContractProvider, via: Sender, opts: VaultExecuteOptions): Promise<void> {
    await dispatch(provider, via, CocoonVault.buildExecute(this.address, opts));
  }

  async sendVeto(provider: ContractProvider, via: Sender, opts: VaultVetoOptions): Promise<void> {
    await dispatch(provider, via, CocoonVault.buildVeto(this.address, opts));
  }

  async sendPause(provider: ContractProvider, via: Sender, opts: MessageOptions & { seconds: number }): Promise<void> {
    await dispatch(provider, via, CocoonVault.buildPause(this.address, opts));
  }

  async sendRevoke(provider: ContractProvider, via: Sender, opts: MessageOptions & { body: Cell }): Promise<void> {
    await dispatch(provider, via, CocoonVault.buildRevoke(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<VaultInfo> {
    const { stack } = await provider.get('get_vault_data', []);
    return {
      governor: stack.readAddressOpt(),
      successor: stack.readAddressOpt(),
      guardian: stack.readAddressOpt(),
      guardianUntil: stack.readNumber(),
      pausedUntil: stack.readNumber(),
      lastPause: stack.readNumber(),
      revokes: stack.readNumber(),
      root: stack.readAddress(),
      registrar: stack.readAddressOpt(),
      limits: {
        delayNormal: stack.readNumber(),
        delayCritical: stack.readNumber(),
        grace: stack.readNumber(),
        exitDelay: stack.readNumber(),
        spendCapBps: stack.readNumber(),
      } satisfies VaultLimits,
      operations: stack.readNumber(),
    };
  }

  /** Every record that is kept, by its number. */
  async getOperations(provider: ContractProvider): Promise<Map<number, VaultOperation>> {
    const { stack } = await provider.get('get_vault_operations', []);
    return parseOperations(stack.readCellOpt());
  }

  /** @returns null where no record is kept under this number */
  async getOperation(provider: ContractProvider, id: number): Promise<VaultOperation | null> {
    return (await this.getOperations(provider)).get(id) ?? null;
  }

  /** When a list of actions was vetoed, unix seconds, by its hash in hex. Those older than 180 days no longer count. */
  async getVetoed(provider: ContractProvider): Promise<Map<string, number>> {
    const { stack } = await provider.get('get_vault_vetoed', []);
    return parseVetoed(stack.readCellOpt());
  }

  async getSpending(provider: ContractProvider): Promise<VaultSpending> {
    const { stack } = await provider.get('get_vault_spending', []);
    return { spent: stack.readBigNumber(), left: stack.readBigNumber(), count: stack.readNumber() };
  }

  /** The whole data cell. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<VaultData> {
    return parseVaultData(await readStorage(provider, 'vault'));
  }
}

export type VaultInitOptions = MessageOptions & { governor: Address; guardian: Address | null; until: number };
export type VaultExecuteOptions = MessageOptions & { id: number; actions: readonly DaoAction[] };
export type VaultVetoOptions = MessageOptions & { id: number; reason: string };

function vaultMessage(to: Address, opts: MessageOptions, body: Cell): OutgoingMessage {
  return { to, value: opts.value ?? DefaultValue.vaultOperation, body };
}
