import {
  type ContractName,
  contractCode,
  parseClientData,
  parseProxyData,
  parseRootData,
  parseWalletData,
  parseWorkerData,
  type RootData,
  registeredProxies,
} from '@cocoon/sdk';
import { Cell, Dictionary } from '@ton/core';
import { paramsRows, type Row, tonAmount, when } from './format';

/** What scripts know of each contract: how its data is read and how it is shown. */
export const parsers = {
  root: parseRootData,
  proxy: parseProxyData,
  client: parseClientData,
  worker: parseWorkerData,
  wallet: parseWalletData,
} as const;

export type ContractData = { [C in ContractName]: ReturnType<(typeof parsers)[C]> };

const rowsOf: { [C in ContractName]: (data: ContractData[C]) => Row[] } = {
  root: (root) => [
    ['owner', root.owner.toString()],
    ['version', root.version],
    ...paramsRows(root.params),
    ['last proxy seqno', root.lastProxySeqno],
    ...[...root.registeredProxies].map(([seqno, info]): Row => [`proxy ${seqno}`, withDialProblem(info)]),
    ...hashes('proxy image', root.proxyHashes),
    ...hashes('worker image', root.workerHashes),
    ...hashes('model', root.modelHashes),
    ...keyManagerRows(root.keyManager),
  ],
  proxy: (proxy) => [
    ['owner', proxy.owner.toString()],
    ['public key', proxy.publicKey.toString('hex')],
    ['root', proxy.root.toString()],
    ['state', stateName(proxy.state)],
    ['revenue', tonAmount(proxy.balance)],
    ['stake', tonAmount(proxy.stake)],
    ['unlocks', when(proxy.unlockTs)],
    ...paramsRows(proxy.params),
  ],
  client: (client) => [
    ['owner', client.owner.toString()],
    ['proxy', client.proxy.toString()],
    ['proxy key', client.publicKey.toString('hex')],
    ['state', stateName(client.state)],
    ['escrow', tonAmount(client.balance)],
    ['stake', tonAmount(client.stake)],
    ['tokens charged', client.tokensUsed],
    ['unlocks', when(client.unlockTs)],
    ['secret hash', client.secretHash.every((byte) => byte === 0) ? 'none' : client.secretHash.toString('hex')],
    ...withoutCodes(paramsRows(client.params)),
  ],
  worker: (worker) => [
    ['owner', worker.owner.toString()],
    ['proxy', worker.proxy.toString()],
    ['proxy key', worker.publicKey.toString('hex')],
    ['state', stateName(worker.state)],
    ['tokens paid', worker.tokens],
    ['earned so far', tonAmount(worker.tokens * worker.params.workerFeePerToken)],
    ...withoutCodes(paramsRows(worker.params)),
  ],
  wallet: (wallet) => [
    ['owner', wallet.owner.toString()],
    ['public key', wallet.publicKey.toString('hex')],
    ['seqno', wallet.seqno],
    ['subwallet', wallet.subwallet],
    ['blocked', (wallet.status & 1) === 1],
  ],
};

/** The contract's data as people read it. @throws CellFormatError when it is no such contract */
export function contractRows<C extends ContractName>(contract: C, data: Cell): Row[] {
  return rowsOf[contract](parsers[contract](data) as ContractData[C]);
}

/** Runners leave out what they cannot dial: said, not hidden. */
function withDialProblem(info: string): string {
  const [skipped] = registeredProxies(new Map([[0, info]])).skipped;
  return skipped === undefined ? info : `${info} (cannot be dialled: ${skipped.reason.message})`;
}

export function codeOf(contract: ContractName): Cell {
  return Cell.fromBase64(contractCode[contract].boc);
}

export function stateName(state: 0 | 1 | 2): string {
  return (['normal', 'closing', 'closed'] as const)[state];
}

/** Children's copies of the parameters carry no codes. */
function withoutCodes(rows: Row[]): Row[] {
  return rows.filter(([name]) => !name.endsWith(' code'));
}

function hashes(name: string, set: ReadonlySet<string>): Row[] {
  return set.size === 0 ? [[name, 'none']] : [...set].map((hash): Row => [name, hash]);
}

/**
 * Newer roots of the live network keep a third reference: keys (type, expiry), the manager's key and its address. Their
 * code is not public and what lies on chain is longer than the known layout, so this reads as far as it understands.
 */
function keyManagerRows(cell: RootData['keyManager']): Row[] {
  if (cell === null) return [];
  const size = `${cell.bits.length} bits, ${cell.refs.length} references`;
  try {
    const slice = cell.beginParse();
    const entry = {
      serialize: () => undefined,
      parse: (value: ReturnType<Cell['beginParse']>) => ({ type: value.loadUint(8), expires: value.loadUint(32) }),
    };
    const keys = slice.loadDict(Dictionary.Keys.BigUint(256), entry);
    const manager = slice.loadUintBig(256).toString(16).padStart(64, '0');
    const rows = [...keys].map(
      ([key, { type, expires }]): Row => [
        'public key',
        `${key.toString(16).padStart(64, '0')} (type ${type}, expires ${when(expires)})`,
      ],
    );
    const nobody = /^0+$/.test(manager);
    return [['key manager', nobody ? `none (${size})` : `${manager} (${size})`], ...rows];
  } catch {
    // Not the known layout: its size is all that can be said, and no reason to hide the rest of the root.
    return [['key manager', `of an unknown layout (${size}, hash ${cell.hash().toString('hex')})`]];
  }
}
